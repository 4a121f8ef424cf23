"""The GraphQL face of the product: types, resolvers, loaders, errors, paging."""
