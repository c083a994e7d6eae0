//! The `ftpscope` program: see the library's documentation.

fn main() -> std::process::ExitCode {
    ftpscope::cli::main()
}
