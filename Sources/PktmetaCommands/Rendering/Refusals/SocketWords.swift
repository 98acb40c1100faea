// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel

extension SocketRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .noKernelSymbols(let names):
            "the kernel does not tell where its \(names.joined(separator: " and ")) \(names.count == 1 ? "is" : "are"), "
                + "by which the programs know plain sockets"
        }
    }

    var remedy: String? {
        switch self {
        case .noKernelSymbols:
            "/proc/kallsyms has addresses for a process with CAP_SYSLOG where kernel.kptr_restrict is 0 or 1, and for none where it is 2."
        }
    }
}

extension SocketTrialRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .wrongAnswer(let way, let socket, let told, let sent):
            "\(socket), asked by \(way): an answer was wrong: \(told) instead of \(sent)"
        case .noAnswer(let way, let socket, let errno): "\(socket), asked by \(way): \(errno.withName)"
        case .fewAnswers(let way, let socket, let count, let all):
            "\(socket), asked by \(way): \(count) of \(all.of("packet")) were answered for"
        case .noPacket(let socket): "\(socket): a packet over the loopback interface did not come"
        case .noMarks:
            "the kernel does not tell applications the marks of packets (SO_RCVMARK), which came with Linux 5.19"
        }
    }

    var remedy: String? {
        switch self {
        case .noMarks: "Name the other ways, with --sockets next,batch,at,bytes."
        default:
            "The programs were tried on packets of their own, before any application relies on them. They read structures of the "
                + "kernel that this one may have changed: please report it, with uname -r."
        }
    }
}

extension SocketTrial.Obstacle {
    /// For a note.
    var words: String {
        switch self {
        case .namespace(let errno): "no network namespace can be made: \(errno.withName)"
        case .cgroup(let errno): "no cgroup can be made: \(errno.withName)"
        case .registry(let error): "no registry can be made beside this one: \(error.message)"
        }
    }
}
