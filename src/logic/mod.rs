//! Pure logic over the model: extraction, the judge, verdicts. No sockets, files, clock or chance.

pub mod extract;
pub mod judge;
pub mod verdict;
