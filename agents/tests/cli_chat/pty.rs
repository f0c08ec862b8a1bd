//! A terminal for tests: runs the real binary in a pseudo terminal, answers what it asks, keeps what it shows.
#![allow(unsafe_code, unreachable_pub)]

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long anything may take before the test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program at a terminal.
pub struct Terminal {
    /// The program.
    pub child: Child,
    keys: File,
    shown: Receiver<Vec<u8>>,
    /// Everything that was shown so far.
    pub text: String,
    /// How much of it was waited for.
    seen: usize,
}

impl Terminal {
    /// Runs `command` at a terminal of 100 columns and 30 rows.
    pub fn run(mut command: Command) -> Self {
        let (mut master, mut slave) = (0, 0);
        let size = libc::winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: the pointers are to locals, and the descriptors are owned by nobody else.
        let (master, slave) = unsafe {
            let made = libc::openpty(&mut master, &mut slave, std::ptr::null_mut(), std::ptr::null(), &size);
            assert_eq!(made, 0, "a pseudo terminal");
            (File::from_raw_fd(master), File::from_raw_fd(slave))
        };
        command.stdin(slave.try_clone().unwrap()).stdout(slave.try_clone().unwrap()).stderr(slave);
        // SAFETY: both calls are allowed between fork and exec.
        unsafe {
            command.pre_exec(|| {
                if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY as _, 0) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let child = command.spawn().unwrap();
        // Its copies of the slave go with it, so that reading ends with the child.
        drop(command);
        let (mut screen, keys) = (master.try_clone().unwrap(), master);
        let mut answers = keys.try_clone().unwrap();
        let (to, shown) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // An error is the terminal's end.
            while let Ok(n @ 1..) = screen.read(&mut bytes) {
                // A line editor asks where the cursor is.
                for _ in bytes[..n].windows(4).filter(|asked| asked == b"\x1b[6n") {
                    answers.write_all(b"\x1b[1;1R").unwrap_or_default();
                }
                if to.send(bytes[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keys, shown, text: String::new(), seen: 0 }
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until `what` is shown after what was waited for before.
    pub fn wait_for(&mut self, what: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(place) = self.text[self.seen..].find(what) {
                self.seen += place + what.len();
                return;
            }
            match self.shown.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.text.push_str(&String::from_utf8_lossy(&bytes)),
                Err(RecvTimeoutError::Timeout) => panic!("`{what}` was not shown in time after\n{}", self.text),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended before `{what}`:\n{}", self.text),
            }
        }
    }

    /// What was shown since what was waited for last.
    pub fn end(mut self) -> (ExitStatus, String) {
        while let Ok(bytes) = self.shown.recv_timeout(PATIENCE) {
            self.text.push_str(&String::from_utf8_lossy(&bytes));
        }
        (self.child.wait().unwrap(), std::mem::take(&mut self.text))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}
