// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
internal import RegistryModel
internal import SystemPackage

/// The prebuilt tracer, loaded for a request, and attached for as long as this value lives: nothing is pinned.
final class Tracer {
    let object: BPFObject
    private var links: [LinkHolder] = []
    private(set) var stations: [TraceStation] = []
    /// Stations that this kernel has not got.
    private(set) var missing: [TraceStation] = []
    /// Why no function of the kernel is among the stations.
    private(set) var functionsRefused: PacketMetadataError?

    /// What programs have in common with those that are loaded later: what they know of packets goes on.
    private static let sharedMaps = [
        PKTMETA_EVENTS_MAP, PKTMETA_COUNTS_MAP, PKTMETA_TRACE_CONTROL_MAP, PKTMETA_TRACE_FOLLOWED_MAP,
        PKTMETA_TRACE_HEADS_MAP,
    ]
    private static let functionProgram = "at_function"

    /// Loads and attaches it.
    ///
    /// - Parameter earlier: whose maps it goes on with. To be detached before, or packets are seen twice at a station.
    /// - Throws: `missingPrivilege`; `badData` if the verifier refuses it.
    init(
        _ request: TraceRequest, _ image: RegistryImage, _ registry: borrowing Registry, after earlier: Tracer?
    ) throws(PacketMetadataError) {
        let constants = try Self.constants(request, image)
        let loader = ProgramLoader(ObjectFile(.tracer), image: image, isStrict: true)
        func load(_ names: Set<String>) throws(PacketMetadataError) -> BPFObject {
            do throws(PacketMetadataError) {
                return try loader.load(names, in: registry, constants) { (object) throws(BPFError) in
                    guard let earlier else { return try object.resize(PKTMETA_EVENTS_MAP, to: request.bufferSize) }
                    for name in Self.sharedMaps { try object.reuse(earlier.object.map(name), as: name) }
                }
            } catch {
                throw error.ofTracing
            }
        }
        let tracepoints = Set(TraceStation.tracepoints.map(\.program))
        do throws(PacketMetadataError) {
            object = try load(tracepoints.union([Self.functionProgram]))
        } catch  where error.kind != .missingPrivilege {
            // A kernel without kprobe.multi does not know the helper that the program of functions calls.
            object = try load(tracepoints)
            functionsRefused = error
        }
        try attachTracepoints()
        if functionsRefused == nil { attachFunctions() } else { missing += TraceStation.functions }
        // A packet that came before would have been seen at the first stations only.
        try setOpen(true, hasBegun: earlier != nil)
    }

    /// What programs are loaded with, by name.
    static func constants(
        _ request: TraceRequest, _ image: RegistryImage
    ) throws(PacketMetadataError) -> [String: [UInt8]] {
        var settings = pktmeta_trace_settings()
        settings.sample = request.sample == 1 ? 0 : UInt32(request.sample)
        settings.filter = try pktmeta_filter(request.filter, image)
        do throws(BPFError) {
            let size = MemoryLayout<pktmeta_trace_event>.size + image.word.space
            settings.wake_after = UInt32(try EventBuffer.wakeAfter(request.bufferSize, recordSize: size))
        } catch {
            throw PacketMetadataError(error)
        }
        return [PKTMETA_TRACE_SETTINGS_VARIABLE: encode(settings)]
    }

    // MARK: Attaching

    private func attachTracepoints() throws(PacketMetadataError) {
        for station in TraceStation.tracepoints {
            guard case .tracepoint(let name) = station.source else { continue }
            do throws(BPFError) {
                let link = try BPFLink.rawTracepoint(object.program(station.program), named: name)
                links.append(LinkHolder(link))
                stations.append(station)
            } catch  where error.errno == .noSuchFileOrDirectory {
                missing.append(station)
            } catch {
                throw PacketMetadataError(error, needs: [.bpf, .perfmon])
            }
        }
    }

    private func attachFunctions() {
        for station in TraceStation.functions {
            do throws(BPFError) {
                let link = try BPFLink.function(
                    object.program(Self.functionProgram), named: station.name, cookie: station.cookie)
                links.append(LinkHolder(link))
                stations.append(station)
            } catch  where error.errno == .noSuchProcess || error.errno == .noSuchFileOrDirectory {
                missing.append(station)
            } catch {
                // Such links are none of this kernel's.
                missing += TraceStation.functions.filter { !missing.contains($0) && !stations.contains($0) }
                functionsRefused = PacketMetadataError(error)
                return
            }
        }
    }

    /// Has programs begin with packets, or with no more; those that are followed they follow on.
    ///
    /// - Parameter hasBegun: whether there may be some that are followed.
    func setOpen(_ isOpen: Bool, hasBegun: Bool = true) throws(PacketMetadataError) {
        try Self.setOpen(isOpen, hasBegun: hasBegun, in: object)
    }

    static func setOpen(
        _ isOpen: Bool, hasBegun: Bool, in object: borrowing BPFObject
    ) throws(PacketMetadataError) {
        do throws(BPFError) {
            let control = pktmeta_trace_control(is_open: isOpen ? 1 : 0, has_begun: hasBegun ? 1 : 0)
            try object.map(PKTMETA_TRACE_CONTROL_MAP).update(at: 0, encode(control))
        } catch {
            throw PacketMetadataError(error)
        }
    }

    func detach() { links = [] }
}

extension TraceStation {
    /// Of a tracepoint, its program in the tracer.
    fileprivate var program: String { "at_" + name }
}
