// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
public import RegistryModel
public import SystemPackage

/// Whether a field registered here, with the prebuilt pair attached, would be carried by packets: what stands in the way
/// and what makes it worse, each with what helps.
///
/// Everything is tried or asked for, nothing is concluded from the kernel's version. Nothing on the machine changes:
/// programs are loaded and let go of, and what has to be attached is attached in a network namespace made for it.
public struct Diagnosis: Sendable, Hashable {
    public let registry: FilePath
    /// nil if only the machine was looked at.
    public let interface: String?
    public let findings: [Finding]
    /// nil if only the machine was looked at.
    public let device: InterfaceDescription?
    public let area: AreaDescription

    /// - Parameters:
    ///   - path: the folder of pins of a registry; there need not be one.
    ///   - interfaceName: an interface of this thread's network namespace.
    /// - Throws: `usage` if there can be no registry of that path; `notFound` if there is no such interface.
    public init(
        registry path: FilePath = Registry.defaultPath, interface interfaceName: String? = nil
    ) throws(PacketMetadataError) {
        let folder = try RegistryFolder(path: path)
        var interface: NetworkInterface?
        if let interfaceName {
            interface = try doing(.examine(interface: interfaceName)) { () throws(PacketMetadataError) in
                try NetworkInterface.find(interfaceName)
            }
        }
        let registry = RegistryChecks(folder)
        let traits = KernelTraits()
        let programs = ProgramChecks(registry.image)
        var findings = ProcessChecks(folder).findings
        findings += programs.findings
        findings += AttachingChecks.findings(programs, traits)
        findings += LayerChecks(registry.image).findings
        findings += KernelChecks.findings(traits)
        findings += registry.findings
        findings += [PrivacyChecks.finding(folder, registry.image)].compactMap(\.self)
        if let interface {
            let checks = InterfaceChecks(interface, registry.image)
            findings += checks.findings
            findings += HookChecks(interface, folder, registry.image).findings
            findings += TrafficChecks(interface, registry.image, traits).findings
            findings += PathChecks.findings(interface, isGeneric: checks.isGeneric)
        }
        self.init(
            registry: folder.path, interface: interface?.name, findings: findings,
            device: interface.map { InterfaceDescription($0) },
            area: AreaDescription(
                largestOfKernel: programs.largestArea, capacity: registry.image.map { Int($0.word.capacity) },
                state: registry.areaState))
    }

    init(
        registry: FilePath, interface: String?, findings: [Finding], device: InterfaceDescription? = nil,
        area: AreaDescription = AreaDescription(largestOfKernel: nil, capacity: nil, state: nil)
    ) {
        self.registry = registry
        self.interface = interface
        self.findings = findings
        self.device = device
        self.area = area
    }

    /// Whether fields would be carried.
    public var works: Bool { broken.isEmpty }

    /// Why not: `missingPrivilege` if privileges alone are missing, else `unsupported`; nil if it works.
    public var obstacle: PacketMetadataError.Kind? {
        if works { return nil }
        return broken.allSatisfy(\.isPrivilege) ? .missingPrivilege : .unsupported
    }

    private var broken: [Finding] { findings.filter { $0.level == .broken } }
}
