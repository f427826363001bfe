//! The `consentry` command. This is the only place that prints and knows the environment.

mod audit;
mod certify;
mod diff;
pub(crate) mod dispatch;
mod eval;
mod explain;
mod files;
mod filter;
mod fmt;
mod format;
mod help;
mod init;
mod input;
mod ledger;
mod ledger_arguments;
mod lint;
mod output;
mod prove;
mod render;
mod shared;
mod show;
mod simulate;
mod store_uri;
mod table;
mod test;
