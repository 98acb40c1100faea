// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
internal import SystemPackage

struct StatusDocument: JSONDocument {
    let version = jsonVersion
    let registry: RegistryContents
    let hooks: [HookContents]
    /// CLOCK_REALTIME, ns, when it was read.
    let time: UInt64

    struct RegistryContents: Encodable {
        let path: String
        let tag: UInt8
    }

    struct HookContents: Encodable {
        let interface: String
        let ifindex: UInt32
        /// Its name; null for the namespace of the command, or if it has none.
        let netns: String?
        /// null unless there is no name for it.
        let netnsCookie: UInt64?
        let hook: String
        /// Whether all that is there could be seen.
        let isComplete: Bool
        let programs: [ProgramContents]
    }

    /// In the order in which they run.
    struct ProgramContents: Encodable {
        let isOurs: Bool
        let program: String?
        let programID: UInt32?
        let linkID: UInt32?
        /// `native`, `generic`, `tcx`, `clsact`; of others how it is attached.
        let mode: String
        let pins: [String]
        // Ours only.
        var state: String?
        var object: String?
        var fields: [String]?
        /// CLOCK_REALTIME, ns.
        var attachedAt: UInt64?
        var packets: UInt64?
        // Others' only.
        var registry: String?
        var isDispatcher: Bool?

        init(_ entry: HookStatus.Entry) {
            switch entry {
            case .ours(let status):
                isOurs = true
                program = status.program
                programID = status.programID
                linkID = status.linkID
                mode = status.mode.rawValue
                pins = [status.pins.string]
                state = status.state.rawValue
                object = status.object
                fields = status.fields
                attachedAt = status.attachedAt
                packets = status.packets
            case .other(let occupant):
                isOurs = false
                program = occupant.programName
                programID = occupant.programID
                linkID = occupant.linkID
                mode = occupant.mode?.rawValue ?? occupant.mechanism.rawValue
                pins = occupant.pins.map(\.string)
                registry = occupant.registry?.string
                isDispatcher = occupant.isDispatcher
            }
        }
    }

    init(_ report: StatusReport) {
        registry = RegistryContents(path: report.path, tag: report.tag)
        time = report.time
        hooks = report.hooks.map { hook in
            var name: String?
            var cookie: UInt64?
            switch hook.namespace {
            case .here: break
            case .named(let text): name = text
            case .cookie(let number): cookie = number
            }
            return HookContents(
                interface: hook.interface, ifindex: hook.ifindex, netns: name, netnsCookie: cookie,
                hook: hook.hook.rawValue, isComplete: hook.isComplete, programs: hook.entries.map(ProgramContents.init))
        }
    }
}
