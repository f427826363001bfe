//! Reads the values of replies.

use super::failure::Failure;
use redis::Value;

/// The text of a key, if there is such a key.
pub(super) fn text(value: Value) -> Result<Option<Vec<u8>>, Failure> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(text) => Ok(Some(text)),
        _ => Err(Failure::OTHER_TYPE),
    }
}

/// The place of a unit.
pub(super) fn place(value: Value) -> Result<usize, Failure> {
    match value {
        Value::Int(number) => usize::try_from(number).map_err(|_| Failure::OTHER_TYPE),
        _ => Err(Failure::OTHER_TYPE),
    }
}

/// Reads the cursor and the keys that `SCAN` answers with.
pub(super) fn scanned(answer: Vec<Value>) -> Result<(u64, Vec<String>), Failure> {
    let string = |value| {
        String::from_utf8(text(value)?.unwrap_or_default())
            .map_err(|_| Failure::Unexpected("a key is no UTF-8"))
    };
    let Some(Value::Array(parts)) = answer.into_iter().next() else { return Err(Failure::OTHER_TYPE) };
    let Ok([cursor, Value::Array(keys)]) = <[Value; 2]>::try_from(parts) else {
        return Err(Failure::OTHER_TYPE);
    };
    let cursor = string(cursor)?.parse().map_err(|_| Failure::OTHER_TYPE)?;
    Ok((cursor, keys.into_iter().map(string).collect::<Result<_, _>>()?))
}
