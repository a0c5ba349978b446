# The three programs in one image: auth-server, etl-labeler, movie-api.
# The command of a container selects the program, see docker-compose.yml.

FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /src
# Selects the toolchain of the image; otherwise rustup downloads the one in rust-toolchain.toml again.
ENV RUSTUP_TOOLCHAIN=1.95.0 SQLX_OFFLINE=true
COPY . .
# The commit that `--version` and the log name: docker build --build-arg BUILD_COMMIT="$(git rev-parse --short HEAD)" .
ARG BUILD_COMMIT
# The caches survive changes of the sources, and are not part of the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p auth-server -p etl-labeler -p movie-api \
    && install -D -t /out target/release/auth-server target/release/etl-labeler target/release/movie-api

FROM debian:bookworm-slim
# curl is for the health checks of docker-compose.yml.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/ /usr/local/bin/
COPY movie-api/catalogue.ndjson /usr/share/films/
USER 10001:10001
