//! A step that replaces entries if they are still as they were.

use crate::ledger::difference::Difference;
use redis::{Pipeline, Script};

/// Changes the entries of each unit if all of them are still as they were, and returns the units whose entries are not. The last key is the marker, which
/// is changed with them. An empty text means an entry that is not there. The arguments are the format of the ledger, and then for each key: the entry
/// before, the entry after, the unit, and what the marker gains.
pub(super) const REPLACE: &str = r"
local marker = KEYS[#KEYS]
if redis.call('HGET', marker, 'format') ~= ARGV[1] then return redis.error_reply('NOLEDGER there is no ledger') end
local fields = {'entries', 'sum0', 'sum1', 'sum2', 'sum3'}
local lost, units, gains, changed = {}, {}, {0, 0, 0, 0, 0}, false
for at = 1, #KEYS - 1 do
  local first = 2 + 8 * (at - 1)
  local unit = ARGV[first + 2]
  if not lost[unit] and (redis.call('GET', KEYS[at]) or '') ~= ARGV[first] then
    lost[unit] = true
    units[#units + 1] = tonumber(unit)
  end
end
for at = 1, #KEYS - 1 do
  local first = 2 + 8 * (at - 1)
  local entry = ARGV[first + 1]
  if not lost[ARGV[first + 2]] and entry ~= ARGV[first] then
    if entry == '' then redis.call('DEL', KEYS[at]) else redis.call('SET', KEYS[at], entry) end
    for field = 1, 5 do gains[field] = gains[field] + tonumber(ARGV[first + 2 + field]) end
    changed = true
  end
end
if changed then
  for field = 1, 5 do redis.call('HINCRBY', marker, fields[field], string.format('%.0f', gains[field])) end
  redis.call('HINCRBY', marker, 'changes', 1)
end
return units
";

/// Entries of some keys, as they were and as they are to be.
#[derive(Default)]
pub(super) struct Replacement {
    keys: Vec<String>,
    arguments: Vec<Vec<u8>>,
}

/// An entry as it was, or as it is to be; empty where there is none.
pub(super) type Text = Vec<u8>;

impl Replacement {
    /// Adds an entry to a unit.
    pub(super) fn push(&mut self, key: String, [before, after]: [Text; 2], unit: usize, gained: Difference) {
        self.keys.push(key);
        let numbers = [gained.entries].into_iter().chain(gained.sums).map(|number| number.to_string());
        let numbers = [unit.to_string()].into_iter().chain(numbers).map(String::into_bytes);
        self.arguments.extend([before, after].into_iter().chain(numbers));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The request to a server that knows the script.
    pub(super) fn request(&self, script: &Script, marker: &str, format: u64) -> Pipeline {
        self.evaluate("EVALSHA", script.get_hash(), marker, format)
    }

    /// The request with the whole script, which the server keeps from then on.
    pub(super) fn request_with_script(&self, marker: &str, format: u64) -> Pipeline {
        self.evaluate("EVAL", REPLACE, marker, format)
    }

    fn evaluate(&self, by: &str, script: &str, marker: &str, format: u64) -> Pipeline {
        let mut request = redis::pipe();
        request.cmd(by).arg(script).arg(self.keys.len() + 1);
        request.arg(&self.keys).arg(marker).arg(format).arg(&self.arguments);
        request
    }
}
