// SPDX-License-Identifier: BSD-2-Clause

public import ArgumentParser

/// The command `pktmeta`: lists its subcommands, each in a file of its own.
public struct Pktmeta: Program {
    public static let configuration = CommandConfiguration(
        commandName: "pktmeta",
        abstract: "Share named metadata on packets between BPF programs.",
        discussion: """
            A registry says which field lies where in front of each packet. XDP and TC programs set and get fields \
            through it; this command manages the registry, attaches programs, and shows what happens to each field.

            Exit codes: 0 done, 64 usage, 65 bad object or data, 66 no such field, interface or registry, \
            69 the kernel or driver cannot, 70 unexpected, 73 already taken or no space, 74 output cannot be written, 75 busy, \
            77 missing privilege, 78 registry of another ABI, \
            79 done, but not all that goes with it (what was, and what finishes it, is said).

            --version with --json says the commit, libbpf and the ABI of registries as well.
            """,
        version: builtVersion,
        subcommands: [
            CreateRegistry.self, DeleteRegistry.self, RegisterField.self, UnregisterField.self, AttachToInterface.self,
            DetachFromInterface.self, AttachToNetfilter.self, DetachFromNetfilter.self, AttachToCgroup.self,
            DetachFromCgroup.self, CreateSteering.self, DeleteSteering.self, Status.self, InspectMap.self,
            Watch.self, Trace.self, Compact.self, ResetState.self, LayoutDigest.self, Repair.self,
            Plan.self, Diff.self, Apply.self, Export.self, Follow.self, CNIPlugin.self,
            RemoveFromHost.self, ExportFields.self, ExportBTF.self, GenerateHeader.self, Doctor.self, Demo.self,
            Bench.self,
        ])

    /// Of all programs of this package: the one that is released next.
    package static let version = "0.1.0"
    /// Which of them this program is, if it is one.
    package static var builtVersion: String { BuildVersion.current.text }

    public init() {}

    /// A container runtime looks for its plugins by their names, and gives them no arguments.
    package static func arguments(_ arguments: [String], calledAs name: String) -> [String] {
        name.split(separator: "/").last.map(String.init) == CNIPlugin.calledName ? ["cni"] + arguments : arguments
    }

    package static func plainRequest(_ arguments: [String]) -> (any Request)? { PlainArguments.request(arguments) }
}
