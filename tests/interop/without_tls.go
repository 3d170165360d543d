// SPDX-License-Identifier: Apache-2.0

// Whether the client's token stays away from a server without TLS. A test of the client's package,
// in which it is called without_tls_test.go.
package main

import (
	"testing"

	"google.golang.org/grpc"
)

func TestWithoutTLS(t *testing.T) {
	channel, err := grpc.Dial("localhost:1", grpc.WithInsecure(),
		grpc.WithPerRPCCredentials(fileToken("alice")))
	if err == nil {
		channel.Close()
		t.Fatal("gRPC takes the credentials for a connection without TLS")
	}
}
