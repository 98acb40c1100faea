// SPDX-License-Identifier: BSD-2-Clause

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
