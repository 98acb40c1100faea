// SPDX-License-Identifier: BSD-2-Clause

package import BPF
package import RegistryModel

extension Registry {
    /// Loads programs of the tracer as ``trace(_:)`` would, for whoever attaches them one by one, and has them begin with
    /// packets.
    ///
    /// - Parameters:
    ///   - names: the programs, which share their maps.
    ///   - bytes: the prebuilt object, or that object compiled otherwise.
    ///   - name: the object's, for errors.
    package func loadTracer(
        _ names: Set<String>, of bytes: ObjectBytes, name: String, for request: TraceRequest
    ) throws(PacketMetadataError) -> BPFObject {
        let object = try load(names, of: bytes, name: name, constants: Tracer.constants(request, image()))
        try Tracer.setOpen(true, hasBegun: false, in: object)
        return object
    }
}
