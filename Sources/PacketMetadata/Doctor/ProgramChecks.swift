// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import RegistryModel
internal import SystemPackage

/// Whether the prebuilt programs load, and what of the kernel shows by that. Their maps are made for it and go with them.
struct ProgramChecks {
    /// Loaded for the checks; nil if it did not load.
    let producer: Result<Box, BPFError>
    let consumer: Result<Box, BPFError>
    private let plainProducer: Result<Box, BPFError>
    /// Bytes of the largest area that the kernel grants, nil if it grants none; nil if that was not tried.
    private let largest: Result<Int?, BPFError>?
    /// Capabilities without which nothing was tried.
    let missing: [Capability]

    /// A program; a Result cannot hold the value itself.
    final class Box: Sendable {
        let program: BPFProgram
        init(_ program: consuming BPFProgram) { self.program = program }
    }

    /// - Parameter image: the registry, whose fields the programs are to serve; nil if there is none.
    init(_ image: RegistryImage?) {
        missing = Capability.missing(of: [.bpf, .netAdmin, .perfmon])
        let image = image ?? Self.sample
        producer = Self.load(.producer, image)
        plainProducer = Self.load(.producer, image, takesFragments: false)
        consumer = Self.load(.consumer, image)
        largest = missing.isEmpty ? Result { () throws(BPFError) in try Registry.largestGrantedCapacity() } : nil
    }

    var missingNames: String { missing.map(\.description).joined(separator: ", ") }

    var findings: [Finding] {
        guard missing.isEmpty else {
            return [.programs, .compiler, .fragments, .area].map { (check: Finding.Check) in
                Finding(check, .unknown, "not tried without \(missingNames)")
            }
        }
        return [programs] + [compiler, fragments, area].compactMap(\.self)
    }

    private static func load(
        _ prebuilt: PrebuiltObject, _ image: RegistryImage, takesFragments: Bool = true
    ) -> Result<Box, BPFError> {
        Result { () throws(BPFError) in
            Box(try prebuilt.tried(for: image, takesFragments: takesFragments))
        }
    }

    /// For when there is no registry: a field of each way to find a value.
    static var sample: RegistryImage {
        var random = SystemRandomNumberGenerator()
        var image = RegistryImage.empty(capacity: 64, createdAt: 0, using: &random)
        let sources: [(FieldType, FieldSource)] = [
            (.u32, .constant([7, 0, 0, 0])), (.u64, .ktime), (.u32, .flowHash), (.u32, .sequence), (.u16, .rxQueue),
            (.u32, .payload(offset: 26)), (.flag, .none),
        ]
        for (number, (type, source)) in sources.enumerated() {
            guard let name = try? FieldName("sample_\(number)"),
                let definition = try? FieldDefinition(name: name, type: type, source: source),
                let plan = try? image.registering(definition, now: 0)
            else { continue }
            image = image.applying(plan.steps)
        }
        return image
    }

    private var programs: Finding {
        for (name, result) in [("consumer", consumer), ("producer", plainProducer)] {
            guard case .failure(let error) = result else { continue }
            return failure(name, error)
        }
        return Finding(.programs, .ok, "the prebuilt producer (XDP) and consumer (TC) load")
    }

    private func failure(_ name: String, _ error: BPFError) -> Finding {
        let said = error.verifierLog?.description ?? error.reason
        let text = "the prebuilt \(name) does not load (\(error.errno.name))" + (said.map { ": \($0)" } ?? "")
        // The capabilities are there, so it is a container, a user namespace or a security module that forbids it.
        let isPrivilege = error.errno == .notPermitted
        return Finding(
            .programs, .broken, text,
            remedy: isPrivilege
                ? "The kernel refuses in spite of the capabilities: look for a container, user namespace or security module."
                : nil, isPrivilege: isPrivilege)
    }

    private var compiler: Finding? {
        guard case .success(let box) = consumer, let information = try? ProgramInformation(box.program) else {
            return nil
        }
        if information.isCompiled { return Finding(.compiler, .ok, "programs are compiled (JIT)") }
        return Finding(
            .compiler, .weaker, "programs are interpreted, several times as slow: the JIT is off",
            remedy: "sysctl net.core.bpf_jit_enable=1")
    }

    private var fragments: Finding? {
        guard case .success = plainProducer else { return nil }
        guard kernelTakesFragments else {
            return Finding(
                .fragments, .weaker, "XDP programs take packets of one page only (more since Linux 5.18)",
                remedy: .genericModeForPages)
        }
        guard case .failure(let error) = producer else {
            return Finding(.fragments, .ok, "XDP programs may take packets of more than one page")
        }
        return Finding(
            .fragments, .weaker,
            "XDP programs that take packets of more than one page do not load (\(error.errno.name))",
            remedy: .genericModeForPages)
    }

    /// Bytes of the largest area that the kernel grants; nil if it was not tried, or it grants none.
    var largestArea: Int? { try? largest?.get() ?? nil }

    private var area: Finding? {
        guard let largest else { return nil }
        do throws(BPFError) {
            guard let largest = try largest.get() else {
                return Finding(.area, .broken, "the kernel grants no metadata area of 32 bytes")
            }
            let text = "the kernel grants up to \(largest) bytes in front of a packet"
            return largest >= 64
                ? Finding(.area, .ok, text)
                : Finding(.area, .weaker, "\(text): room for \(RegistryWord.space(of: largest)) bytes of fields")
        } catch {
            return Finding(
                .area, .unknown, "the largest metadata area: \(error.operation) (\(error.errno.name))",
                isPrivilege: error.errno == .notPermitted)
        }
    }
}
