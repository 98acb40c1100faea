// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import PacketMetadata
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Changes wait for each other, for as long as they are told, and say whom they wait for.
@Suite(Kernel.required) struct LockTests {
    /// Another process that has a registry's lock: `sleep`, which flock(1) becomes.
    final class Holder: Sendable {
        let processID: Int32
        private let isReleased = Atomic(false)

        init(_ scratch: ScratchRegistry, seconds: Double) throws {
            let lock = scratch.path.appending("lock")
            let outcome = try ChildProcess.run([
                "sh", "-c", "flock --no-fork '\(lock)' sleep \(seconds) >/dev/null 2>&1 & echo $!",
            ])
            processID = try #require(Int32(outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)))
            let processID = Int(processID)
            let entry = try FolderEntry(following: lock)
            let hasIt = eventually {
                FolderLock.holder(of: entry).map { $0.processID == processID && $0.command == "sleep" } ?? false
            }
            #expect(hasIt)
        }

        func release() {
            if !isReleased.exchange(true, ordering: .relaxed) { kill(processID, SIGKILL) }
        }

        deinit { release() }
    }

    static func registry() throws -> ScratchRegistry {
        let scratch = ScratchRegistry()
        _ = try Registry.openOrCreate(at: scratch.path)
        return scratch
    }

    /// All commands that write.
    static let commands: [[String]] = [
        ["register-field", "x", "--type", "u8"], ["unregister-field", "tenant"], ["compact"],
        ["reset-state"],
        ["attach-to-interface", "lo", "--mode", "generic"], ["detach-from-interface", "lo"],
        ["delete-registry", "--force"],
    ]

    @Test(arguments: [true, false])
    func aLongWaitIsToldToThoseWhoLookOn(hasErrorTerminal: Bool) throws {
        try Kernel.run {
            let scratch = try Self.registry()
            let holder = try Holder(scratch, seconds: 60)
            let run = CommandRun(
                ["register-field", "x", "--type", "u8", "--lock-timeout", "1.5", "--registry", scratch.path.string],
                hasErrorTerminal: hasErrorTerminal)
            #expect(run.exitCode == 75)
            let note =
                "note: waiting for the registry \(scratch.path): process \(holder.processID) (sleep) has its lock\n"
            #expect(run.errors.hasPrefix(note) == hasErrorTerminal, "\(run.errors)")
            #expect(run.errors.contains("note: ") == hasErrorTerminal)
        }
    }

    /// A process that does not run for most of its wait finds both over at once.
    @Test func aWaitIsToldOfBeforeItEnds() throws {
        try Kernel.run {
            let scratch = try Self.registry()
            let holder = try Holder(scratch, seconds: 60)
            var isTold = false
            #expect(throws: Errno.wouldBlock) {
                _ = try FolderLock(
                    FolderEntry(following: scratch.path.appending("lock")), timeout: .zero, patience: .zero
                ) { isTold = true }
            }
            #expect(isTold)
            withExtendedLifetime(holder) {}
        }
    }

    @Test func whoHasTheLockIsNamed() throws {
        try Kernel.run {
            let scratch = try Self.registry()
            let registered = CommandRun(["register-field", "tenant", "--type", "u8", "--registry", scratch.path.string])
            #expect(registered.exitCode == 0)
            let holder = try Holder(scratch, seconds: 60)
            for command in Self.commands {
                let start = ContinuousClock.now
                let run = CommandRun(command + ["--registry", scratch.path.string, "--lock-timeout", "0"])
                #expect(run.exitCode == 75, "\(command)")
                let text = "another process is at it (EAGAIN): process \(holder.processID) (sleep) has its lock\n"
                #expect(run.errors.contains(text), "\(run.errors)")
                // Those that are not told wait for ten seconds.
                #expect(ContinuousClock.now - start < .seconds(10))
            }
            // Reading does not wait.
            #expect(CommandRun(["inspect-map", "--registry", scratch.path.string]).output.contains("tenant"))
        }
    }

    /// While a registry is made, its folder has a lock and no pins yet.
    @Test func creatingWaitsToo() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            try Folder.make(scratch.path.appending("attachments"))
            try Folder.make(scratch.path.appending("lock"))
            let holder = try Holder(scratch, seconds: 60)
            let arguments = ["--registry", scratch.path.string, "--lock-timeout", "0.1"]
            let run = CommandRun(["create-registry"] + arguments)
            #expect(run.exitCode == 75)
            #expect(
                run.errors.contains("process \(holder.processID) (sleep) has its lock, after waiting for 0.1 seconds"))
            #expect(scratch.pins == ["attachments", "lock", "secret"])
        }
    }

    @Test func theLockIsWaitedFor() throws {
        try Kernel.run {
            let scratch = try Self.registry()
            let holder = try Holder(scratch, seconds: 60)
            let arguments = ["--registry", scratch.path.string, "--lock-timeout"]
            let start = ContinuousClock.now
            let short = CommandRun(["register-field", "x", "--type", "u8"] + arguments + ["0.3"])
            #expect(short.exitCode == 75)
            #expect(ContinuousClock.now - start >= .milliseconds(300))
            let beginning = ContinuousClock.now
            Thread.detachNewThread {
                Pause.sleep(milliseconds: 300)
                holder.release()
            }
            let long = CommandRun(["register-field", "x", "--type", "u8"] + arguments + ["50"])
            #expect(long.exitCode == 0, "\(long.errors)")
            #expect(ContinuousClock.now - beginning >= .milliseconds(300))
        }
    }

    /// A command in a pid namespace of its own cannot know who it waits for, and says so.
    @Test func aHolderOutOfSightIsNotGuessed() throws {
        try Kernel.run {
            let scratch = try Self.registry()
            let holder = try Holder(scratch, seconds: 60)
            let outcome = try ChildProcess.run([
                "unshare", "--pid", "--fork", "--mount-proc", Fixture.command, "compact", "--registry",
                scratch.path.string, "--lock-timeout", "0",
            ])
            #expect(outcome.status == 75)
            #expect(outcome.output.contains("one that cannot be seen from here, of another pid namespace or just gone"))
            withExtendedLifetime(holder) {}
        }
    }
}
