# SPDX-License-Identifier: Apache-2.0
"""Calls the Orders service: python3 get_order.py TARGET CA_FILE TOKEN_FILE"""

import pathlib
import sys

import grpc

import orders_pb2
import orders_pb2_grpc


# [client]
class FileToken(grpc.AuthMetadataPlugin):
    """The token in a file that somebody else keeps fresh; read for each call."""

    def __init__(self, path):
        self._path = pathlib.Path(path)

    def __call__(self, context, callback):
        try:
            token = self._path.read_text().strip()
        except OSError as error:
            callback((), error)
            return
        callback((("authorization", f"Bearer {token}"),), None)


def connect(target, ca_file, token_file):
    tls = grpc.ssl_channel_credentials(pathlib.Path(ca_file).read_bytes())
    token = grpc.metadata_call_credentials(FileToken(token_file))
    return grpc.secure_channel(target, grpc.composite_channel_credentials(tls, token))


# [end]


def main():
    with connect(*sys.argv[1:4]) as channel:
        orders = orders_pb2_grpc.OrdersStub(channel)
        try:
            order = orders.GetOrder(orders_pb2.GetOrderRequest(id="7"), timeout=30)
        except grpc.RpcError as error:
            sys.exit(f"{error.code().name} {error.details()}")
    print(f"OK, asked by {order.asked_by}")


if __name__ == "__main__":
    main()
