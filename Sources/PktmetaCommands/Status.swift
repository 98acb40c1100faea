// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

struct Status: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show where this registry's programs are attached, and what else is on those hooks.",
        discussion: """
            Reads what is pinned and asks the kernel; changes nothing. Programs are in the order in which they run. Below \
            each of your own are its object, the fields that it names, and where its own maps are pinned, for bpftool map \
            dump pinned: global variables are pktmeta+bss and pktmeta+data. Packets are those since a program was loaded, \
            on all interfaces that share it, which the kernel counts while sysctl kernel.bpf_stats_enabled is 1. Without \
            CAP_SYS_ADMIN, other namespaces and other people's programs remain unknown, and so do programs that are \
            attached for as long as a process lives (--no-pin). What is attached, the registry's owner alone may see.
            """)

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    var isJSON: Bool { output.isJSON }

    func run(in context: Context) throws(PacketMetadataError) {
        let registry = try context.readableRegistry(at: registry.path(in: context))
        let report = StatusReport(
            path: registry.path.string, hooks: try hooks(of: registry),
            damaged: (try? registry.damagedAttachments()) ?? [], held: registry.heldPrograms(),
            steerings: steerings(of: registry), hasOpenPins: registry.hasOpenPins, time: Clock.realtime)
        if isJSON {
            context.output(StatusDocument(report).json)
        } else {
            context.output(StatusRendering(report, context.display).text)
        }
    }

    /// - Returns: nil if this process may not see them.
    private func steerings(of registry: borrowing Registry) -> StatusReport.Steerings? {
        (try? registry.steerings()).map { StatusReport.Steerings(sound: $0.sound, damaged: $0.damaged) }
    }

    /// - Returns: nil if this process may not see them.
    private func hooks(of registry: borrowing Registry) throws(PacketMetadataError) -> [HookStatus]? {
        do throws(PacketMetadataError) {
            return try registry.status()
        } catch {
            if error.kind == .missingPrivilege { return nil }
            throw error
        }
    }
}

/// What `status` shows.
struct StatusReport {
    let path: String
    /// nil if this process may not see what is attached.
    let hooks: [HookStatus]?
    /// What is pinned there and cannot be read.
    var damaged: [DamagedAttachment] = []
    /// What other processes have attached for as long as they live; nil if this process may not see it.
    var held: [HeldProgram]?
    /// nil if this process may not see them.
    var steerings: Steerings? = Steerings()
    /// Whether anyone but the owner may open what is the owner's alone.
    var hasOpenPins = false
    /// CLOCK_REALTIME, ns, when it was read.
    let time: UInt64

    struct Steerings {
        var sound: [Steering] = []
        var damaged: [DamagedSteering] = []
    }
}
