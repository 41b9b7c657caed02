//! Rebuilds the crate when a scenario comes or goes: they are built into the binary.
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=scenarios");
}
