//! What the machine allows: moving the bytes, finding the ends of lines, and the least that a reader of JSON must know.

mod structure;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use structure::Structure;

/// A structural scan of one event: of every byte whether it is inside a string, and the depth of nesting that it ends in.
#[derive(Clone, Copy)]
pub struct StructuralScan {
    /// The instructions that it uses.
    pub instructions: &'static str,
    /// Scans one event.
    pub scan: fn(&[u8]) -> Structure,
}

impl StructuralScan {
    /// Those that this processor can run, the fastest first. The last one is there on every processor.
    pub fn available() -> Vec<StructuralScan> {
        let mut scans = Vec::new();
        #[cfg(target_arch = "x86_64")]
        scans.extend(x86::available());
        scans.push(StructuralScan { instructions: "byte by byte", scan: structure::byte_by_byte });
        scans
    }
}

/// The number of line breaks.
pub fn lines(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use crate::workload::{Shape, Workload};

    #[test]
    fn all_instructions_find_the_same() {
        let mut random = Random::new(7);
        let alphabet = br#""\{}[]ab: ,"#;
        for length in (0..300).chain([1000, 4096]) {
            for _ in 0..20 {
                let text: Vec<u8> = (0..length).map(|_| *random.pick(alphabet)).collect();
                let expected = structure::byte_by_byte(&text);
                for StructuralScan { instructions, scan } in StructuralScan::available() {
                    assert_eq!(scan(&text), expected, "{instructions}: {}", String::from_utf8_lossy(&text));
                }
            }
        }
    }

    #[test]
    fn events_end_at_depth_0_outside_of_strings() {
        let workload = Workload::new(Shape { events: 1000, ..Shape::default() });
        for event in workload.events() {
            for StructuralScan { scan, .. } in StructuralScan::available() {
                assert!(scan(event).is_complete());
            }
        }
    }
}
