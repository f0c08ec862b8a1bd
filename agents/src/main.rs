//! The `roundtable` command.

fn main() -> std::process::ExitCode {
    roundtable::cli::main()
}
