// SPDX-License-Identifier: BSD-2-Clause

public import SystemPackage

/// A unit of the system's service manager, which systemctl(1) asks.
public struct SystemdUnit: Sendable, Hashable {
    /// `nginx.service`, or `nginx` for that.
    public let name: String

    public init(_ name: String) { self.name = name }

    public enum Failure: Error, Sendable, Hashable {
        /// There is no systemctl, or it cannot be run.
        case noSystemctl(Errno)
        /// In its own words.
        case refused(String)
    }

    /// Its cgroup's path in the hierarchy, such as `/system.slice/nginx.service`; nil if it has none: a unit that is not active,
    /// one that there is not, or one without processes, as a mount.
    public func cgroup() throws(Failure) -> FilePath? {
        let outcome: ChildProcess.Outcome
        do throws(Errno) {
            outcome = try ChildProcess.run(["systemctl", "show", "-P", "ControlGroup", "--", name])
        } catch {
            throw .noSystemctl(error)
        }
        let text = outcome.output.split(separator: "\n", omittingEmptySubsequences: true)
        guard outcome.status == 0 else { throw .refused(text.first.map(String.init) ?? "exit code \(outcome.status)") }
        return text.first.map { FilePath(String($0)) }
    }
}
