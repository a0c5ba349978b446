# The three programs in one image: auth-server, etl-labeler, movie-api.
# docker-compose.yml says which one a container runs.

FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /src
# The image's own toolchain, or rustup would fetch the one that rust-toolchain.toml names once more.
ENV RUSTUP_TOOLCHAIN=1.95.0 SQLX_OFFLINE=true
COPY . .
# The caches survive a change in the sources; what they hold is not part of any image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p auth-server -p etl-labeler -p movie-api \
    && install -D -t /out target/release/auth-server target/release/etl-labeler target/release/movie-api

FROM debian:bookworm-slim
# curl is for health checks.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/ /usr/local/bin/
COPY movie-api/catalogue.ndjson /usr/share/films/
USER 10001:10001
