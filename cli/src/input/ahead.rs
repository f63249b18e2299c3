//! Reading in a thread of its own: while one object is judged, the next ones are read.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use super::object::Object;
use super::{Take, Unread, Watch};
use crate::error::Errors;

/// How many objects may be read ahead: as many as a few megabytes hold.
const AHEAD: usize = 256;

/// What the reader has to say, in the order in which it happens.
enum Message {
    Expect(u64),
    Advance(u64),
    Skip(String, usize),
    Object(Box<Object>),
}

/// Sends what happens. A receiver that is gone wants no more.
struct Sender(SyncSender<Message>);

impl Sender {
    fn send(&self, message: Message) {
        let _ = self.0.send(message);
    }
}

impl Watch for Sender {
    fn expect(&self, bytes: u64) {
        self.send(Message::Expect(bytes));
    }

    fn advance(&self, bytes: u64) {
        self.send(Message::Advance(bytes));
    }

    fn skip(&self, what: &str, nth: usize) {
        self.send(Message::Skip(what.to_owned(), nth));
    }
}

/// Calls `take` in this thread for every object that `read` reads in another one.
pub(super) fn ahead(
    read: impl FnOnce(&dyn Watch, Take<'_>) -> Unread + Send,
    watch: &dyn Watch,
    take: Take<'_>,
) -> Unread {
    let (sender, messages) = sync_channel(AHEAD);
    thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let sender = Sender(sender);
            read(&sender, &mut |object| {
                sender.send(Message::Object(Box::new(object)));
                Ok(())
            })
        });
        let mut refused = Vec::new();
        for message in messages {
            match message {
                Message::Expect(bytes) => watch.expect(bytes),
                Message::Advance(bytes) => watch.advance(bytes),
                Message::Skip(what, nth) => watch.skip(&what, nth),
                Message::Object(object) => {
                    if let Err(Errors(errors)) = take(*object) {
                        refused.extend(errors);
                    }
                }
            }
        }
        let mut unread = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        unread.fail(Errors(refused));
        unread
    })
}
