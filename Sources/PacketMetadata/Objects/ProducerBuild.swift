// SPDX-License-Identifier: BSD-2-Clause

internal import RegistryModel

/// The builds of the prebuilt producer.
///
/// The one that sets hardware fields asks the driver, and for that is bound to one interface as it is loaded: in native
/// mode only, and only in the interface's own network namespace. `bpf_link_update` takes either build in the place of
/// the other.
enum ProducerBuild: Hashable, Sendable {
    case plain
    /// Bound to an interface.
    case hardware

    var object: PrebuiltObject {
        switch self {
        case .plain: .producer
        case .hardware: .hardwareProducer
        }
    }
}

extension RegistryImage {
    /// The build that the registry's fields take.
    var producerBuild: ProducerBuild { hardwareFields.isEmpty ? .plain : .hardware }
}

extension ObjectFile {
    /// This object; of the prebuilt producer, the build that a registry's fields take.
    func build(for image: RegistryImage) -> ObjectFile {
        guard let producer, producer != image.producerBuild else { return self }
        return ObjectFile(image.producerBuild)
    }
}
