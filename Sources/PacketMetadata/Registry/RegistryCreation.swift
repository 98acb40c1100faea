// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
public import RegistryModel
public import SystemPackage

extension Registry {
    /// Opens a registry for writing, after creating it if there is none.
    ///
    /// - Parameters:
    ///   - path: its folder of pins, in a BPF file system.
    ///   - capacity: bytes of a packet's area if it is created: one cache line where the kernel grants it, else 32.
    ///   - statistics: of which values its programs take minimum, maximum and histogram; nil leaves that as it is, sampled if
    ///     it is created.
    ///   - access: who may read it; nil leaves that as it is, the owner only if it is created.
    ///   - trustsOwner: as for ``open(at:for:trustsOwner:waiting:recording:)``.
    ///   - waiting: as for ``open(at:for:trustsOwner:waiting:recording:)``.
    ///   - recording: as for ``open(at:for:trustsOwner:waiting:recording:)``.
    ///   - note: told what was done that the user may want to know.
    /// - Throws: as ``open(at:for:trustsOwner:waiting:recording:)``; `busy` if another process had the lock all that time; `unsupported` if the kernel does not grant the capacity.
    public static func openOrCreate(
        at path: FilePath = defaultPath, capacity: Int? = nil, statistics: Statistics? = nil,
        access: PinAccess? = nil, trustsOwner: Bool = false,
        waiting: LockWait = LockWait(), recording: @escaping @Sendable (RegistryChange) -> Void = { _ in },
        note: (String) -> Void = { _ in }
    ) throws(PacketMetadataError) -> Registry {
        if let capacity, !RegistryWord.capacities.contains(capacity) {
            throw PacketMetadataError(RegistryRefusal.badCapacity(capacity)).keeping(from: .createRegistry(path))
        }
        let folder = try RegistryFolder(
            path: path, waiting: waiting, trustsOwner: trustsOwner, recording: recording)
        let there = try opened(folder)
        let (pins, made): (RegistryPins, RegistryFolder.Made?) =
            if let there {
                (there, nil)
            } else {
                try doing(.createRegistry(folder.path)) { () throws(PacketMetadataError) in
                    try make(folder, capacity: capacity, statistics ?? .sampled, access, note)
                }
            }
        let registry = try open(pins, for: .write, made: made)
        let existing = try registry.image().word.capacity
        if let capacity, capacity != existing {
            throw PacketMetadataError(RegistryRefusal.otherCapacity(existing)).keeping(from: .createRegistry(path))
        }
        if let statistics, made == nil { try registry.take(statistics) }
        if let access {
            try doing(.setAccess(folder.path)) { () throws(PacketMetadataError) in try folder.refuseRoot() }
            do throws(PacketMetadataError) {
                try pins.locked { () throws(PacketMetadataError) in
                    if try pins.apply(access) { pins.record(.accessChanged(access)) }
                }
            } catch {
                guard there == nil else { throw error }
                throw error.unfinished(.createRegistry(path), .created(path))
            }
            if let (closed, letter) = folder.closedAncestor(access) {
                note(
                    "those who may read it cannot pass \(closed), whose mode does not let them look up names in it: "
                        + "chmod \(letter)+x \(closed)")
            }
        }
        return registry
    }

    /// - Returns: nil if there is none.
    private static func opened(_ folder: RegistryFolder) throws(PacketMetadataError) -> RegistryPins? {
        do throws(PacketMetadataError) {
            return try doing(.openRegistry(folder.path)) { () throws(PacketMetadataError) in
                let pins = try folder.open(for: .write)
                if try pins.hasRegistry() { return pins }
                try pins.refuseIfBereft()
                return nil
            }
        } catch {
            if error.kind == .notFound { return nil }
            // Who may not even look whether one is there is told, by what follows, all that making one takes.
            if error.kind == .missingPrivilege, (try? FileAccess(of: folder.path)) == nil { return nil }
            throw error
        }
    }

    /// - Returns: no folders if someone was faster.
    private static func make(
        _ folder: RegistryFolder, capacity: Int?, _ statistics: Statistics, _ access: PinAccess?,
        _ note: (String) -> Void
    ) throws(PacketMetadataError) -> (RegistryPins, RegistryFolder.Made?) {
        // Before anything is made: whoever may not create one shall not leave half of it.
        try folder.refuseSharedPlace()
        let capacity = try granted(of: capacity.map { [$0] } ?? [64, 32])
        let (pins, made, notes) = try folder.make()
        for text in notes { note(text) }
        do throws(PacketMetadataError) {
            return try pins.locked { () throws(PacketMetadataError) -> (RegistryPins, RegistryFolder.Made?) in
                if try pins.hasRegistry() { return (pins, nil) }  // someone was faster
                try create(pins, capacity: capacity, statistics, access)
                note("created the registry \(folder.path), \(capacity) bytes a packet")
                pins.record(.created(capacity: capacity))
                return (pins, made)
            }
        } catch {
            made.remove()
            throw error
        }
    }

    /// Does something with a registry that was opened to be changed. One that was made as it was opened goes again if that
    /// fails, unless something of it stays or somebody else uses it by then.
    ///
    /// - Parameters:
    ///   - note: told that it is gone.
    ///   - body: what to do.
    public func orTakenBack<Value>(
        note: (String) -> Void, _ body: () throws(PacketMetadataError) -> Value
    ) throws(PacketMetadataError) -> Value {
        do throws(PacketMetadataError) {
            return try body()
        } catch {
            if error.kind != .unfinished, let made, (try? takeBack()) == true {
                made.remove()
                note("removed the registry \(path) again")
            }
            throw error
        }
    }

    /// - Returns: whether nothing was in it, and it is gone.
    private func takeBack() throws(PacketMetadataError) -> Bool {
        try pins.locked { () throws(PacketMetadataError) -> Bool in
            try refuseIfReplaced()
            guard try image().fields.isEmpty else { return false }
            do throws(Errno) {
                guard try pins.attachments.contents().isEmpty else { return false }
                try pins.removeParts()
            } catch {
                throw PacketMetadataError(error, doing: "remove its pins")
            }
            pins.record(.deleted)
            return true
        }
    }

    private static func create(
        _ pins: RegistryPins, capacity: Int, _ statistics: Statistics, _ access: PinAccess?
    ) throws(PacketMetadataError) {
        do throws(PacketMetadataError) {
            try makePins(pins, capacity: capacity, statistics, access)
        } catch {
            // Not to be given that access, it is not to be at all.
            try? pins.removeParts()
            throw error
        }
    }

    private static func makePins(
        _ pins: RegistryPins, capacity: Int, _ statistics: Statistics, _ access: PinAccess?
    ) throws(PacketMetadataError) {
        var random = SystemRandomNumberGenerator()
        let image = RegistryImage.empty(
            capacity: capacity, statistics: statistics, createdAt: Clock.realtime, using: &random)
        let secret = Seal(using: &random)
        let fields = try asking { () throws(BPFError) in
            try BPFMap(creating: PKTMETA_REGISTRY_MAP, RegistryFolder.registryShape)
        }
        try asking { () throws(BPFError) in
            let state = try BPFMap(creating: PKTMETA_STATE_MAP, RegistryFolder.stateShape)
            let seal = try BPFMap(creating: PKTMETA_SEAL_MAP, RegistryFolder.sealShape)
            try fields.update(at: 0, image.bytes)
            try seal.update(at: 0, secret.bytes)
            // A process killed before the last pin leaves no registry; the next one replaces the other maps.
            for pin in [pins.seal, pins.state] {
                do throws(Errno) { try pin.unlink() } catch { throw BPFError("remove \(pin)", error) }
            }
            try seal.pin(at: pins.seal)
            try state.pin(at: pins.state)
        }
        if let access { try pins.apply(access) }
        try asking { () throws(BPFError) in try fields.pin(at: pins.registry) }
    }

    private static func asking<Value: ~Copyable>(
        _ body: () throws(BPFError) -> Value
    ) throws(PacketMetadataError) -> Value {
        do throws(BPFError) {
            return try body()
        } catch {
            throw PacketMetadataError(error, needs: [.bpf, .netAdmin])
        }
    }

    /// The first of some sizes of an area that the kernel grants, bytes.
    package static func grantedCapacity(of candidates: [Int]) throws(PacketMetadataError) -> Int {
        do throws(PacketMetadataError) {
            return try granted(of: candidates)
        } catch {
            if case .noArea? = error.refusal as? RegistryRefusal { throw error }
            throw error.keeping(from: .probeAreas)
        }
    }

    /// Asks the kernel, by a program that asks for an area of that size.
    private static func granted(of candidates: [Int]) throws(PacketMetadataError) -> Int {
        do throws(BPFError) {
            for capacity in candidates where try isGranted(capacity) { return capacity }
        } catch {
            throw PacketMetadataError(error, needs: [.bpf, .netAdmin])
        }
        let most = (try? largestGrantedCapacity()) ?? nil
        throw PacketMetadataError(RegistryRefusal.noArea(candidates.last ?? 0, most: most))
    }

    /// The largest of the capacities that a registry may have: the kernel grants all below it too. nil if there is none.
    static func largestGrantedCapacity() throws(BPFError) -> Int? {
        let capacities = RegistryWord.capacities
        var granted = 0
        var refused = capacities.count + 1
        while granted + 1 < refused {
            let middle = (granted + refused) / 2
            if try isGranted(capacities[middle - 1]) { granted = middle } else { refused = middle }
        }
        return granted == 0 ? nil : capacities[granted - 1]
    }

    /// Whether the kernel grants an area of that many bytes, under BPF_PROG_TEST_RUN.
    static func isGranted(_ capacity: Int) throws(BPFError) -> Bool {
        let object = try PrebuiltObject.probe.bytes.open()
        guard object.setConstant("pktmeta_area_size", to: encode(UInt32(capacity))) else {
            throw BPFError("prepare the probe", .invalidArgument)
        }
        let xdpPass: UInt32 = 2  // enum xdp_action in linux/bpf.h
        let packet = [UInt8](repeating: 0, count: 64)
        return try object.load(only: "probe").testRunXDP(packet: packet, wantsContext: false).verdict == xdpPass
    }
}
