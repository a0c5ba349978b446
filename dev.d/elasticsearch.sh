# shellcheck shell=bash
# shellcheck disable=SC2154 # run, root: set in state.sh and `dev`
#
# A local Elasticsearch: the smallest distribution of the real server, from Maven Central.

elasticsearch_version=8.19.21

elasticsearch_home() { echo "$run/elasticsearch-$elasticsearch_version"; }

# The home of a Java version that Elasticsearch 8 supports.
java_home() {
    local java version
    for java in "${JAVA_HOME:-/none}/bin/java" "$(command -v java)" /usr/lib/jvm/*/bin/java; do
        [[ -x $java ]] || continue
        version=$("$java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
        if ((${version:-0} >= 17)); then
            dirname "$(dirname "$(readlink -f "$java")")"
            return
        fi
    done
    return 1
}

# Maven caches the download in ~/.m2 for every checkout.
unpack_elasticsearch() {
    say "elasticsearch: unpacking version $elasticsearch_version (a download of 107 MB the first time)"
    rm -rf "$run/unpack"
    mkdir -p "$run/unpack"
    cd "$run/unpack" || exit # the plugin writes marker files into its working directory
    quietly maven mvn -q -B --strict-checksums org.apache.maven.plugins:maven-dependency-plugin:3.6.1:unpack \
        -Dartifact="org.elasticsearch.distribution.integ-test-zip:elasticsearch:$elasticsearch_version:zip" \
        -DoutputDirectory="$run/unpack"
    cd "$root" || exit
    mv "$run/unpack/elasticsearch-$elasticsearch_version" "$run/"
    rm -rf "$run/unpack"
}

# With real memory, the circuit breaker counts garbage, which the serial collector leaves until the heap is full: parallel tests
# would be answered 429 at random.
configure_elasticsearch() {
    local folder=$run/elasticsearch
    mkdir -p "$folder/conf" "$folder/data" "$folder/logs" "$folder/tmp"
    cp "$(elasticsearch_home)/config/log4j2.properties" "$folder/conf/"
    printf '%s\n' -Xms512m -Xmx512m -XX:+UseSerialGC "-Djava.io.tmpdir=$folder/tmp" >"$folder/conf/jvm.options"
    cat >"$folder/conf/elasticsearch.yml" <<TEXT
cluster.name: auth-dev
discovery.type: single-node
network.host: 127.0.0.1
http.port: $(port_of elasticsearch)
transport.port: $(free_port)
path.data: $folder/data
path.logs: $folder/logs
xpack.security.enabled: false
indices.breaker.total.use_real_memory: false
cluster.routing.allocation.disk.threshold_enabled: false
TEXT
    ! is_root || chown -R nobody "$folder"
}

# With -d the launcher ends when the server is ready; the server stays in the launcher's session.
start_elasticsearch() {
    local folder=$run/elasticsearch
    [[ -d $(elasticsearch_home) ]] || unpack_elasticsearch
    configure_elasticsearch
    launch elasticsearch nobody env ES_JAVA_HOME="$(java_home)" ES_PATH_CONF="$folder/conf" ES_TMPDIR="$folder/tmp" \
        "$(elasticsearch_home)/bin/elasticsearch" -d
}

ready_elasticsearch() {
    curl -sf --max-time 10 \
        "http://127.0.0.1:$(port_of elasticsearch)/_cluster/health?wait_for_status=yellow&timeout=1s"
}
