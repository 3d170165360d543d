// SPDX-License-Identifier: Apache-2.0
// Which target a channel is, and what its calls ask for.
#include "lanyard/interceptors/internal/token_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lanyard/sdk/internal/target_names.h"
#include "lanyard/testing/matchers.h"

namespace lanyard::internal {
namespace {

using ::lanyard::testing::IsError;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TargetTokens Named(std::vector<std::string> names) {
  TargetTokens target;
  target.names = std::move(names);
  target.audience = target.names.empty() ? "" : target.names[0];
  return target;
}

absl::StatusOr<std::shared_ptr<const TokenTable>> Table(std::vector<TargetTokens> targets) {
  return TokenTable::Create(std::move(targets), {});
}

std::string Found(const TokenTable& table, absl::string_view name) {
  const TargetTokens* target = table.Find(name);
  return target == nullptr ? "" : target->audience;
}

TEST(AuthorityTest, IsWhatGrpcMakesOfATarget) {
  const std::pair<const char*, const char*> cases[] = {
      {"orders.prod:8443", "orders.prod:8443"},
      {"Orders.Prod:443", "orders.prod"},
      {"orders", "orders"},
      {"dns:orders.prod:8443", "orders.prod:8443"},
      {"dns:///orders.prod:8443", "orders.prod:8443"},
      {"dns://8.8.8.8/orders.prod", "orders.prod"},
      {"ipv4:10.0.0.1:50051", "10.0.0.1:50051"},
      {"ipv6:[::1]:443", "[::1]"},
      {"xds:///orders", "orders"},
      {"unix:/run/orders.sock", "localhost"},
      {"unix:///run/orders.sock", "localhost"},
      {"unix-abstract:orders", "localhost"},
      {"", ""},
  };
  for (const auto& [target, authority] : cases) {
    EXPECT_EQ(AuthorityOf(target), authority) << target;
  }
}

TEST(TokenTableTest, TheMostExactNameCounts) {
  const auto table = *Table({Named({"*"}), Named({"*.prod:8443"}), Named({"*.eu.prod:8443"}),
                             Named({"orders.prod:8443", "dns:///cart.prod:8443"}),
                             Named({"plain.prod"}), Named({"unix:/run/orders.sock"})});
  EXPECT_EQ(Found(*table, "orders.prod:8443"), "orders.prod:8443");
  EXPECT_EQ(Found(*table, "dns:///ORDERS.prod:8443"), "orders.prod:8443");
  EXPECT_EQ(Found(*table, "dns:///cart.prod:8443"), "orders.prod:8443");
  EXPECT_EQ(Found(*table, "cart.prod:8443"), "*.prod:8443") << "only the whole name was given";
  EXPECT_EQ(Found(*table, "a.eu.prod:8443"), "*.eu.prod:8443");
  EXPECT_EQ(Found(*table, "a.b.prod:8443"), "*.prod:8443");
  EXPECT_EQ(Found(*table, "prod:8443"), "*");
  EXPECT_EQ(Found(*table, ".prod:8443"), "*");
  EXPECT_EQ(Found(*table, "orders.prod:9443"), "*");
  EXPECT_EQ(Found(*table, "plain.prod:443"), "plain.prod");
  EXPECT_EQ(Found(*table, "unix:/run/orders.sock"), "unix:/run/orders.sock");
  EXPECT_EQ(Found(*table, "unix:/run/other.sock"), "*");
  EXPECT_EQ(Found(*table, ""), "*");
}

TEST(TokenTableTest, WithoutAStarUnknownTargetsHaveNone) {
  const auto table = *Table({Named({"orders.prod:8443"}), Named({"*.eu:8443"})});
  EXPECT_EQ(table->Find("payments.prod:8443"), nullptr);
  EXPECT_EQ(table->Find("evil-orders.prod:8443"), nullptr);
  EXPECT_EQ(table->Find("orders.prod:8443.evil.test"), nullptr);
  EXPECT_EQ(table->Find("xeu:8443"), nullptr);
  EXPECT_THAT(table->NoTarget("order.prod:8443"),
              IsError(AllOf(HasSubstr("\"order.prod:8443\""),
                            HasSubstr("did you mean orders.prod:8443?"))));
}

TEST(TokenTableTest, RefusesTargetsThatMakeNoSense) {
  EXPECT_THAT(Table({Named({})}), IsError(HasSubstr("without a name")));
  EXPECT_THAT(Table({Named({""})}), IsError(HasSubstr("empty")));
  for (const char* name : {"a.*", "*a", "*.", "**", "*.*.b", "a*b"}) {
    EXPECT_THAT(Table({Named({name})}), IsError(HasSubstr("star"))) << name;
  }
  EXPECT_THAT(Table({Named({"a:443"}), Named({"A"})}), IsError(HasSubstr("stands twice")));
  for (const char* method : {"", "Orders/Get", "/Orders", "/Orders/", "//Get", "/a/b/c", "*"}) {
    TargetTokens target = Named({"a"});
    target.methods[method];
    EXPECT_THAT(Table({target}), IsError(HasSubstr("neither"))) << method;
  }
}

TEST(TokenChoiceTest, TheMostExactMethodCounts) {
  TargetTokens target = Named({"a"});
  target.audience = "target";
  target.scopes = {"z", "b"};
  target.methods["/shop.Orders/*"].audience = "orders";
  target.methods["/shop.Orders/Cancel"].scopes = {"cancel"};
  const auto request = [&](absl::string_view method) {
    return ChoiceFor(target, "a", method).request;
  };
  EXPECT_EQ(request("/shop.Cart/Get").audience, "target");
  EXPECT_THAT(request("/shop.Cart/Get").scopes, ElementsAre("b", "z"));
  EXPECT_EQ(request("/shop.Orders/Get").audience, "orders");
  EXPECT_THAT(request("/shop.Orders/Get").scopes, ElementsAre("b", "z"));
  EXPECT_EQ(request("/shop.Orders/Cancel").audience, "target");
  EXPECT_THAT(request("/shop.Orders/Cancel").scopes, ElementsAre("cancel"));
}

TEST(TokenChoiceTest, ServiceUrlIsTheAudienceWhereNoneStands) {
  TargetTokens target = Named({"a"});
  target.audience.clear();
  const auto audience = [&](absl::string_view authority) {
    return ChoiceFor(target, authority, "/shop.Orders/Get").request.audience;
  };
  EXPECT_EQ(audience("orders.prod:8443"), "https://orders.prod:8443/shop.Orders");
  EXPECT_EQ(audience("orders.prod:443"), "https://orders.prod/shop.Orders");
}

// gRPC connects to what stands before a query or a fragment.
TEST(TokenTableTest, WhatGrpcDoesNotConnectToMatchesNoEnding) {
  const auto table = *Table({Named({"*.prod:8443"})});
  EXPECT_EQ(Found(*table, "dns:///evil.test:8443?x=.prod:8443"), "");
  EXPECT_EQ(Found(*table, "evil.test:8443?.prod:8443"), "");
  EXPECT_EQ(Found(*table, "dns:///evil.test:8443#.prod:8443"), "");
}

TEST(TokenTableTest, AStarWithAPortStandsForThatPortAlone) {
  const auto table = Table({Named({"*:443"})});
  if (!table.ok()) return;  // Refused is as good.
  EXPECT_EQ(Found(**table, "evil.test:8080"), "");
}

TEST(TokenTableTest, SocketsThatDifferInCaseAreTwo) {
  const auto table = *Table({Named({"unix:/run/Orders.sock"})});
  EXPECT_EQ(Found(*table, "unix:/run/orders.sock"), "");
}

TEST(TokenTableTest, RefusesMethodsThatCouldNeverMatch) {
  for (const char* method :
       {"/shop.Orders/Can*", "/shop.*/Cancel", "/shop.*/*", "/shop Orders/A"}) {
    TargetTokens target = Named({"a"});
    target.methods[method];
    EXPECT_THAT(Table({target}), IsError(HasSubstr("neither"))) << method;
  }
}

}  // namespace
}  // namespace lanyard::internal
