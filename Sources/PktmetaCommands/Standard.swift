// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc
internal import Linux
internal import RegistryModel

extension Context {
    /// This process's outputs and environment.
    static var standard: Context {
        var context = Context(
            output: { write(Array(($0 + "\n").utf8), to: STDOUT_FILENO) },
            errors: { write(Array(($0 + "\n").utf8), to: STDERR_FILENO) },
            bytes: { write($0, to: STDOUT_FILENO) }, isTerminal: isatty(STDOUT_FILENO) == 1,
            terminalSize: { Terminal.size }, environment: standardEnvironment)
        context.hasErrorTerminal = isatty(STDERR_FILENO) == 1
        return context
    }

    private static func write(_ bytes: [UInt8], to descriptor: CInt) {
        var sent = 0
        while sent < bytes.count {
            // write(2) reads at most the bytes that are left.
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress.map { unsafe $0 + sent }, bytes.count - sent)
            }
            if count < 0, errno == EINTR { continue }
            if count <= 0 {
                // A note that nobody can be told is no reason to stop half-way: the exit code says what came of it.
                if descriptor == STDERR_FILENO { return }
                // What was asked for did not arrive, so this is no success; EX_IOERR of sysexits.h.
                exit(74)
            }
            sent += count
        }
    }

    private static var standardEnvironment: [String: String] {
        let names = ["PKTMETA_REGISTRY", "NO_COLOR", "TERM", "COLUMNS", "LC_ALL", "LC_CTYPE", "LANG"]
        // getenv(3) returns NULL or a C string that nothing in this process changes.
        let pairs = names.compactMap { name in unsafe getenv(name).map { unsafe (name, String(cString: $0)) } }
        return Dictionary(uniqueKeysWithValues: pairs)
    }
}

/// Runs `pktmeta` with this process's arguments.
public func runAndExit() -> Never {
    keepStandardDescriptors()
    exit(Pktmeta.run(Array(CommandLine.arguments.dropFirst()), in: .standard))
}

/// If one of the three was closed, the next file to be opened would get its number, and what is put out.
private func keepStandardDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
        // Takes the lowest free number, which is this one. Reading and writing fail, as they would have.
        _ = unsafe open("/", O_RDONLY | O_DIRECTORY)
    }
}
