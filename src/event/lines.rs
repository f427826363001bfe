//! The lines of a stream.

/// The lines of a buffer, each without its line break and with it; text behind the last line break is a line too.
///
/// ```
/// let lines: Vec<_> = consentry::event::lines(b"{}\n\n{}").collect();
/// assert_eq!(lines, [(&b"{}"[..], &b"{}\n"[..]), (b"", b"\n"), (b"{}", b"{}")]);
/// ```
pub fn lines(buffer: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut start = 0;
    let unended = (!buffer.is_empty() && !buffer.ends_with(b"\n")).then_some(buffer.len());
    let ends = memchr::memchr_iter(b'\n', buffer).map(|at| (at, at + 1));
    ends.chain(unended.map(|end| (end, end))).map(move |(end, next)| {
        let (line, with_break) = (buffer.get(start..end), buffer.get(start..next));
        start = next;
        (line.unwrap_or_default(), with_break.unwrap_or_default())
    })
}
