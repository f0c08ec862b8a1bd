//! lance's build scripts run `protoc` through `.cargo/protoc`, which falls back to the binary of this build dependency.
//! Naming the dependency makes cargo unpack it; asking for its path here turns a platform without one into a clear line.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(error) = protoc_bin_vendored::protoc_bin_path() {
        println!("cargo::warning=no bundled protoc for this platform ({error}); install protobuf-compiler");
    }
}
