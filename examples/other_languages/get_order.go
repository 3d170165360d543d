// SPDX-License-Identifier: Apache-2.0

// Calls the Orders service: get_order TARGET CA_FILE TOKEN_FILE
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"shop/orders"
)

// [client]

// fileToken is the token in a file that somebody else keeps fresh; read for each call.
type fileToken string

func (file fileToken) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token, err := os.ReadFile(string(file))
	if err != nil {
		return nil, status.Error(codes.Unauthenticated, err.Error())
	}
	return map[string]string{"authorization": "Bearer " + strings.TrimSpace(string(token))}, nil
}

// RequireTransportSecurity keeps the token from connections without TLS.
func (fileToken) RequireTransportSecurity() bool { return true }

func dial(target, caFile, tokenFile string) (*grpc.ClientConn, error) {
	tls, err := credentials.NewClientTLSFromFile(caFile, "")
	if err != nil {
		return nil, err
	}
	return grpc.Dial(target, grpc.WithTransportCredentials(tls),
		grpc.WithPerRPCCredentials(fileToken(tokenFile)))
}

// [end]

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: get_order TARGET CA_FILE TOKEN_FILE")
		os.Exit(2)
	}
	connection, err := dial(os.Args[1], os.Args[2], os.Args[3])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	order, err := orders.NewOrdersClient(connection).GetOrder(ctx, &orders.GetOrderRequest{Id: "7"})
	if err != nil {
		fmt.Fprintln(os.Stderr, status.Code(err), status.Convert(err).Message())
		os.Exit(1)
	}
	fmt.Println("OK, asked by", order.AskedBy)
}
