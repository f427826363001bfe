//! A Redis of our own.

use super::contender::on_disk;
use consentry::ledger::RedisStore;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// A server that acknowledges what is on the disk; it ends with this value.
pub(super) struct Redis {
    server: Child,
    folder: PathBuf,
}

impl Redis {
    /// Starts it; `None` where there is no `redis-server`.
    pub(super) fn start(folder: &Path) -> Option<Self> {
        let folder = folder.join("redis");
        std::fs::create_dir(&folder).expect("the folder can be written to");
        let mut command = Command::new("redis-server");
        command.current_dir(&folder).args(["--port", "0", "--unixsocket", "socket", "--save", ""]);
        command.args(["--appendonly", "yes", "--appendfsync", "always"]);
        // It does not rewrite its log meanwhile, which would hit all others.
        command.args(["--auto-aof-rewrite-percentage", "0"]);
        let server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let redis = Redis { server, folder };
        let answers = |_: &u32| redis.store().create().is_ok();
        (0..100).inspect(|_| sleep(Duration::from_millis(50))).find(answers).map(|_| redis)
    }

    /// A store in it.
    pub(super) fn store(&self) -> RedisStore {
        let address = format!("redis+unix://{}", self.folder.join("socket").display());
        RedisStore::new(&address, "consentry:", Duration::from_secs(60)).expect("the address is one")
    }

    /// How many bytes its log takes.
    pub(super) fn bytes(&self) -> u64 {
        on_disk(&self.folder.join("appendonlydir"))
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
