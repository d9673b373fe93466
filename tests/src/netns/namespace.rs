// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A network namespace with one network device whose other end the test holds.

use crate::process::{run_command, COMMAND_TIMEOUT};
use anyhow::{anyhow, ensure, Context, Result};
use nix::{
    libc,
    sched::{setns, unshare, CloneFlags},
};
use std::{
    fs::File,
    io,
    net::{Ipv4Addr, TcpListener},
    os::{
        fd::AsRawFd,
        unix::{fs::OpenOptionsExt, process::CommandExt},
    },
    process::Command,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    net::{TcpListener as AsyncListener, TcpStream},
    sync::oneshot,
};

/// The name of the device in each namespace.
const DEVICE: &str = "tun0";

/// A network namespace. It is gone when this, and everything that runs in it, is.
#[derive(Debug)]
pub struct Namespace {
    /// What stands for it.
    file: Arc<File>,
    address: Ipv4Addr,
    /// Dropped, they end the threads that forward ports.
    forwards: Mutex<Vec<oneshot::Sender<()>>>,
}

impl Namespace {
    /// A namespace whose only device, but for loopback, has `address` in a network of 256. Returns
    /// the device's other end as well: what it reads are IP packets that leave the namespace, what
    /// is written to it enters.
    pub fn new(address: Ipv4Addr) -> Result<(Self, File)> {
        // A thread of its own enters the new namespace and ends.
        let made = std::thread::spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET).context("cannot make a network namespace")?;
            let file = File::open("/proc/thread-self/ns/net")?;
            Ok::<_, anyhow::Error>((file, open_device()?))
        });
        let (file, device) = made.join().map_err(|_| anyhow!("the thread panicked"))??;
        let namespace = Self {
            file: Arc::new(file),
            address,
            forwards: Mutex::default(),
        };
        let with_prefix = format!("{address}/24");
        namespace.ip(&["link", "set", "lo", "up"])?;
        namespace.ip(&["address", "add", &with_prefix, "dev", DEVICE])?;
        namespace.ip(&["link", "set", DEVICE, "up"])?;
        Ok((namespace, device))
    }

    /// The address of its device.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Let `command` run in it.
    pub fn enter(&self, command: &mut Command) {
        let file = self.file.clone();
        let enter = move || setns(&*file, CloneFlags::CLONE_NEWNET).map_err(io::Error::from);
        // SAFETY: between fork and exec only async-signal-safe functions may run; `setns` is a
        // plain system call, and the closure allocates nothing.
        #[allow(unsafe_code)]
        unsafe {
            command.pre_exec(enter);
        }
    }

    /// Forward a TCP port of loopback outside to the same port of loopback inside.
    pub fn forward(&self, port: u16) -> Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let (stop, stopped) = oneshot::channel();
        let file = self.file.clone();
        // A socket belongs to the namespace of the thread that makes it.
        std::thread::spawn(move || {
            if let Err(error) = forward_until(&file, listener, port, stopped) {
                println!("port {port} is not forwarded: {error:#}");
            }
        });
        let mut forwards = self.forwards.lock().unwrap_or_else(PoisonError::into_inner);
        forwards.push(stop);
        Ok(())
    }

    fn ip(&self, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new("ip");
        command.args(arguments);
        self.enter(&mut command);
        let found = std::env::var_os("PATH").unwrap_or_default();
        let mut path = found.into_string().unwrap_or_default();
        path.push_str(":/usr/sbin:/sbin");
        command.env("PATH", path);
        let output = run_command(command, COMMAND_TIMEOUT);
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "`ip {}`: {said}",
            arguments.join(" ")
        );
        Ok(())
    }
}

/// Make the device in the namespace of the calling thread.
fn open_device() -> Result<File> {
    let file = File::options()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open("/dev/net/tun")
        .context("cannot open /dev/net/tun")?;
    // SAFETY: all zeros is a good `ifreq`.
    #[allow(unsafe_code)]
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(DEVICE.bytes()) {
        *to = from as libc::c_char;
    }
    // IP packets, with nothing in front of them.
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short;
    // SAFETY: the file is open, and the kernel reads and writes one `ifreq`, which outlives the call.
    #[allow(unsafe_code)]
    let status = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF as _, &mut request) };
    ensure!(
        status == 0,
        "cannot make a TUN device: {}",
        io::Error::last_os_error()
    );
    Ok(file)
}

/// Forward connections into the namespace, from a thread that enters it, until told to stop.
fn forward_until(
    namespace: &File,
    listener: TcpListener,
    port: u16,
    stopped: oneshot::Receiver<()>,
) -> Result<()> {
    setns(namespace, CloneFlags::CLONE_NEWNET)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = AsyncListener::from_std(listener)?;
        let serve = async {
            while let Ok((mut outside, _)) = listener.accept().await {
                tokio::spawn(async move {
                    // Who does not listen inside refuses: the client outside sees the end.
                    let mut inside = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
                    tokio::io::copy_bidirectional(&mut outside, &mut inside).await
                });
            }
        };
        tokio::select! {
            () = serve => {}
            _ = stopped => {}
        }
        Ok(())
    })
}
