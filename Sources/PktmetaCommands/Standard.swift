// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc
internal import Linux
internal import RegistryModel
internal import Synchronization
internal import SystemPackage

extension Context {
    /// This process's outputs and environment.
    static var standard: Context {
        var context = Context(
            output: { write(line: $0, to: STDOUT_FILENO) }, errors: { write(line: $0, to: STDERR_FILENO) },
            bytes: { unsafe $0.withUnsafeBytes { unsafe write($0, to: STDOUT_FILENO) } },
            isTerminal: isatty(STDOUT_FILENO) == 1,
            terminalSize: { Terminal.size })
        context.handOver = { program, arguments in
            do throws(Errno) {
                return ProcessImage.replace(by: try program.path(), arguments)
            } catch {
                return error
            }
        }
        // getenv(3) returns NULL or a C string that nothing in this process changes.
        context.environment = { ProcessEnvironment[$0] }
        // A name without a folder is found by $PATH, as it was this time.
        if let called = CommandLine.arguments.first, called.contains("/") { context.command = called }
        context.hasErrorTerminal = isatty(STDERR_FILENO) == 1
        let log = SystemLog(identifier: "pktmeta", messageID: Context.messageID)
        context.log = {
            hasChanged.store(true, ordering: .relaxed)
            log.write($0)
        }
        return context
    }

    /// Of all lines about changes (sd_journal_send(3)): a random number, which stays what it is.
    static let messageID = "d21b07f8a4d64832b851569c846d2750"

    private static func write(line text: String, to descriptor: CInt) {
        var line = text + "\n"
        line.withUTF8 { unsafe write(UnsafeRawBufferPointer($0), to: descriptor) }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) {
        var sent = 0
        while sent < bytes.count {
            // write(2) reads at most the bytes that are left.
            let count = unsafe Glibc.write(
                descriptor, bytes.baseAddress.map { unsafe $0 + sent }, bytes.count - sent)
            if count < 0, errno == EINTR { continue }
            if count <= 0 {
                // A note that nobody can be told is no reason to stop half-way: the exit code says what came of it.
                if descriptor == STDERR_FILENO { return }
                // What was asked for did not arrive, so this is no success; EX_IOERR of sysexits.h.
                let error = Errno.last
                let deed =
                    hasChanged.load(ordering: .relaxed)
                    ? "\n  What the command has changed stays changed; only its answer is lost." : ""
                write(
                    line: "pktmeta: cannot write the output: \(error) (\(error.name))\(deed)", to: STDERR_FILENO)
                exit(74)
            }
            sent += count
        }
    }
}

/// Whether this process has changed anything that the log is told of.
private let hasChanged = Atomic(false)

extension Program {
    /// Runs the program with this process's arguments.
    package static func runAndExit() -> Never {
        keepStandardDescriptors()
        // A file that may not become longer (ulimit -f) is an error to be told of, and its beginning one to be removed.
        FileSizeLimit.makeError()
        exit(run(arguments(ProcessArguments.all, calledAs: ProcessArguments.name), in: .standard))
    }
}

/// If one of the three was closed, the next file to be opened would get its number, and what is put out.
private func keepStandardDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
        // Takes the lowest free number, which is this one. Reading and writing fail, as they would have.
        _ = unsafe open("/", O_RDONLY | O_DIRECTORY)
    }
}
