// Drives Apollo Client 4 against the toy schema at the address given, over every transport that
// the server speaks. Prints what each of them brought, as JSON.
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { CombinedGraphQLErrors } from "@apollo/client/errors";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { createHash } from "node:crypto";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

// Apollo's link compares with the global one, which Node has only since version 22.
globalThis.WebSocket ??= WebSocket;

const uri = process.argv[2];
const sent = [];
const recordingFetch = async (address, options) => {
  const response = await fetch(address, options);
  sent.push({
    method: options.method,
    hasQuery: String(options.body ?? address).includes("__typename"),
    status: response.status,
    type: response.headers.get("content-type"),
  });
  return response;
};

const client = (link) => new ApolloClient({ cache: new InMemoryCache(), link });
const http = () => new HttpLink({ uri, fetch: recordingFetch });
const collect = (observable) =>
  new Promise((resolve, reject) => {
    const found = [];
    observable.subscribe({
      next: ({ data, error }) => found.push(error ? error.message : data),
      error: reject,
      complete: () => resolve(found),
    });
  });
const failure = async (promise) => {
  const error = await promise.then(
    () => null,
    (reason) => reason,
  );
  return CombinedGraphQLErrors.is(error)
    ? error.errors.map(({ extensions }) => extensions.code)
    : String(error);
};

const BOOKS = gql`
  query Books($first: Int!) {
    books(first: $first) {
      totalCount
      edges {
        node {
          id
          title
        }
      }
    }
  }
`;
const COUNTDOWN = gql`
  subscription Countdown {
    countdown(start: 3)
  }
`;
const found = {};

const plain = client(http());
found.query = (await plain.query({ query: BOOKS, variables: { first: 2 } })).data;
found.cache = Object.keys(plain.cache.extract());
found.mutation = (
  await plain.mutate({ mutation: gql`mutation { rename(title: "New") }` })
).data;
found.refused = await failure(plain.query({ query: gql`query { nope }` }));
found.failed = await failure(plain.query({ query: gql`query { broken }` }));
found.plainRequests = sent.splice(0);

const hash = (text) => createHash("sha256").update(text).digest("hex");
for (const useGETForHashedQueries of [false, true]) {
  const persisted = new PersistedQueryLink({ sha256: hash, useGETForHashedQueries });
  const query = useGETForHashedQueries ? gql`query ByGet { hello }` : gql`query ByPost { hello }`;
  const results = [];
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const apollo = client(ApolloLink.from([persisted, http()]));
    results.push((await apollo.query({ query })).data.hello);
  }
  found[useGETForHashedQueries ? "persistedByGet" : "persistedByPost"] = {
    results,
    requests: sent.splice(0),
  };
}

found.multipart = await collect(client(http()).subscribe({ query: COUNTDOWN }));
found.multipartRequests = sent.splice(0);

const socket = createClient({
  url: uri.replace("http", "ws"),
  webSocketImpl: WebSocket,
  connectionParams: { Authorization: "Bearer someone" },
});
const sockets = client(new GraphQLWsLink(socket));
found.socket = await collect(sockets.subscribe({ query: COUNTDOWN }));
found.socketUser = (await sockets.query({ query: gql`query { user }` })).data;
found.socketRefused = await failure(sockets.query({ query: gql`query { nope }` }));
await socket.dispose();

console.log(JSON.stringify(found));
