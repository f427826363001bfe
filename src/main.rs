//! The `consentry` command: files and streams around the library, one file per command under `cli/`.

mod cli;

fn main() -> std::process::ExitCode {
    cli::dispatch::main()
}
