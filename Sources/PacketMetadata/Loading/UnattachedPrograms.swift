// SPDX-License-Identifier: BSD-2-Clause

package import BPF
package import RegistryModel

extension Registry {
    /// Loads programs of an object for this registry, as they would be attached, for whoever runs them without: while they
    /// do, the registry may not change. Calls for fields that are not registered return -ENOENT.
    ///
    /// - Parameters:
    ///   - names: the programs, which share their maps.
    ///   - name: the object's, for errors.
    ///   - constants: of the object, by name.
    package func load(
        _ names: Set<String>, of bytes: ObjectBytes, name: String, constants: [String: [UInt8]] = [:]
    ) throws(PacketMetadataError) -> BPFObject {
        let file = ObjectFile(name: name, bytes: bytes, isPrebuilt: false)
        let loader = ProgramLoader(file, image: try image(), isStrict: false)
        return try doing(.loadObject(name)) { () throws(PacketMetadataError) in
            try loader.load(names, in: self, constants)
        }
    }
}
