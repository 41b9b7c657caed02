//! A port for somebody else to listen on.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use uuid::Uuid;

/// Where ports are looked for: below those that systems give to whoever wants any, so that nobody is
/// given the port before the one that it is for listens on it.
const LOOKED_FOR: Range<u16> = 20_000..32_768;

/// How many ports are tried there.
const TRIES: usize = 64;

/// A port of the loopback interface that nobody listens on at the moment.
///
/// # Errors
///
/// The system has none.
pub fn free_port() -> io::Result<u16> {
    for _ in 0..TRIES {
        let port = by_chance();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    let any = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(any.local_addr()?.port())
}

fn by_chance() -> u16 {
    let (_, chance, ..) = Uuid::new_v4().as_fields();
    LOOKED_FOR.start + chance % (LOOKED_FOR.end - LOOKED_FOR.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_can_be_listened_on_and_is_another_one_each_time() {
        let mut ports: Vec<_> = (0..8).map(|_| free_port().unwrap()).collect();
        assert!(ports.iter().all(|it| LOOKED_FOR.contains(it)), "{ports:?}");
        ports.dedup();
        assert!(ports.len() > 1, "{ports:?}");
    }
}
