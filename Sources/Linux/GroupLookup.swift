// SPDX-License-Identifier: BSD-2-Clause

public import SystemPackage

/// Groups of the system, by name.
public enum GroupLookup {
    /// The name of a group in /etc/group; nil if that has none.
    public static func name(of number: UInt32) -> String? { AccountFile.groups.name(of: number) }

    /// The number of a group, by name or as a number; nil if there is none of that name.
    ///
    /// /etc/group answers for the groups in it. Those that a directory service has, getent(1) knows; a static binary
    /// cannot ask by getgrnam_r(3), since what /etc/nsswitch.conf names is loaded from the host, and crashes with a C
    /// library of its own.
    public static func number(of name: String) throws(Errno) -> UInt32? {
        if let number = UInt32(name) ?? AccountFile.groups.number(of: name) { return number }
        let answer: ChildProcess.Outcome
        do throws(Errno) {
            answer = try ChildProcess.run(["getent", "group", "--", name])
        } catch .noSuchFileOrDirectory {
            return nil
        }
        switch answer.status {
        case 0:
            // name:password:number:members
            return answer.output.split(separator: ":", omittingEmptySubsequences: false).dropFirst(2).first.flatMap {
                UInt32($0)
            }
        case 2: return nil
        default: throw .ioError
        }
    }
}
