//! Rebuilds the crate when a scenario comes or goes: they are built into the binary. Tests over the
//! published pages are ignored where `CONFCALL_PAGES` does not name their folder.
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=scenarios");
    println!("cargo::rerun-if-env-changed=CONFCALL_PAGES");
    println!("cargo::rustc-check-cfg=cfg(pages)");
    if std::env::var_os("CONFCALL_PAGES").is_some() {
        println!("cargo::rustc-cfg=pages");
    }
}
