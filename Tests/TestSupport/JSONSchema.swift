// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage

/// A JSON schema of the documentation (json-schema.org, 2020-12).
public struct JSONSchema: Sendable {
    private let file: FilePath

    public init(_ name: String) {
        file = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
            .appending("Sources/PacketMetadata/PacketMetadata.docc/Resources").appending("\(name).schema.json")
    }

    /// Readers of a document are to ignore members that they do not know, but the schema has to name all that there are:
    /// here its objects are closed before documents are compared with it.
    private static let script = """
        import json, sys, jsonschema
        def close(schema):
            if isinstance(schema, dict):
                if "properties" in schema:
                    schema["additionalProperties"] = False
                for part in schema.values():
                    close(part)
            elif isinstance(schema, list):
                for part in schema:
                    close(part)
        schema = json.load(open(sys.argv[1]))
        jsonschema.Draft202012Validator.check_schema(schema)
        close(schema)
        for error in jsonschema.Draft202012Validator(schema).iter_errors(json.load(open(sys.argv[2]))):
            print("/".join(map(str, error.path)), error.message)
        """

    /// What in a document is not as the schema has it, a line each; empty if it is.
    public func faults(of document: String) throws -> String {
        let folder = try ScratchFolder()
        let path = try folder.write(Array(document.utf8), as: "document.json")
        return try ChildProcess.run(["/usr/bin/python3", "-c", Self.script, file.string, path.string]).output
    }
}
