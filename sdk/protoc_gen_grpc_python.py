"""A buf plugin that drives the gRPC Python generator inside grpcio-tools.

The generator has no plugin binary of its own; nothing is generated here by our own rules.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2
from google.protobuf.compiler import plugin_pb2

PROTO3_OPTIONAL = plugin_pb2.CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL


def generate(request: plugin_pb2.CodeGeneratorRequest) -> plugin_pb2.CodeGeneratorResponse:
    """Return the `_pb2_grpc.py` files of the request, or the generator's own error text."""
    response = plugin_pb2.CodeGeneratorResponse(supported_features=PROTO3_OPTIONAL)
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder, "in.binpb")
        files = descriptor_pb2.FileDescriptorSet(file=request.proto_file)
        image.write_bytes(files.SerializeToString())
        out = Path(folder, "out")
        out.mkdir()
        run = subprocess.run(
            [
                *(sys.executable, "-m", "grpc_tools.protoc"),
                f"--descriptor_set_in={image}",
                f"--grpc_python_out={out}",
                *request.file_to_generate,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            response.error = run.stderr or "grpc_tools.protoc failed without a word"
            return response
        with_services = {file.name for file in request.proto_file if file.service}
        for path in sorted(out.rglob("*_pb2_grpc.py")):
            name = path.relative_to(out)
            if str(name).replace("_pb2_grpc.py", ".proto") not in with_services:
                continue
            response.file.add(name=str(name), content=path.read_text("utf-8"))
    return response


if __name__ == "__main__":
    asked = plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    sys.stdout.buffer.write(generate(asked).SerializeToString())
