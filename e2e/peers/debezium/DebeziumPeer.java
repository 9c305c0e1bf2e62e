import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.RecordChangeEvent;
import io.debezium.engine.format.ChangeEventFormat;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.connect.source.SourceRecord;

/**
 * Debezium's Postgres connector with its outbox event router, reading our outbox table and sending to our topic.
 *
 * Arguments: host, port, user, password, database, brokers, file of offsets, topic, constant headers as name=value...
 * Prints "ready" when it streams, and "sent COUNT LAST_MILLIS" after each batch that the broker has acknowledged.
 */
public final class DebeziumPeer {
  private static final String HEADERS =
      "type:header:ce_type,aggregateid:header:ce_subject,version:header:ce_sequence,"
          + "partitionkey:header:ce_partitionkey,correlationid:header:ce_correlationid,"
          + "causationid:header:ce_causationid,traceparent:header:traceparent,occurred_at:header:ce_time";

  public static void main(String[] args) throws Exception {
    String topic = args[7];
    List<RecordHeader> constants = new ArrayList<>();
    for (int index = 8; index < args.length; index++) {
      String[] header = args[index].split("=", 2);
      constants.add(new RecordHeader(header[0], header[1].getBytes(StandardCharsets.UTF_8)));
    }
    KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(producerSettings(args[5]));
    long[] sent = {0};
    DebeziumEngine<RecordChangeEvent<SourceRecord>> engine =
        DebeziumEngine.create(ChangeEventFormat.of(Connect.class))
            .using(engineSettings(args))
            .using(
                new DebeziumEngine.ConnectorCallback() {
                  @Override
                  public void taskStarted() {
                    System.out.println("ready");
                  }
                })
            .using((success, message, error) -> {
              if (!success) {
                System.err.println(message);
                System.exit(1);
              }
            })
            .notifying(
                (records, committer) -> {
                  List<Future<RecordMetadata>> acknowledgements = new ArrayList<>(records.size());
                  for (RecordChangeEvent<SourceRecord> event : records) {
                    if (topic.equals(event.record().topic())) {
                      acknowledgements.add(producer.send(toRecord(event.record(), constants)));
                    }
                  }
                  producer.flush();
                  try {
                    for (Future<RecordMetadata> each : acknowledgements) {
                      each.get();
                    }
                  } catch (java.util.concurrent.ExecutionException error) {
                    throw new IllegalStateException(error.getCause());
                  }
                  for (RecordChangeEvent<SourceRecord> event : records) {
                    committer.markProcessed(event);
                  }
                  committer.markBatchFinished();
                  sent[0] += acknowledgements.size();
                  System.out.println("sent " + sent[0] + " " + System.currentTimeMillis());
                })
            .build();
    ExecutorService executor = Executors.newSingleThreadExecutor();
    executor.execute(engine);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> close(engine)));
    // The benchmark hangs up when it ends, whatever becomes of it.
    while (System.in.read() >= 0) {
      continue;
    }
    close(engine);
    executor.shutdown();
    executor.awaitTermination(10, TimeUnit.SECONDS);
    System.exit(0);
  }

  private static void close(DebeziumEngine<?> engine) {
    try {
      engine.close();
    } catch (Exception error) {
      // It was closed already.
    }
  }

  private static ProducerRecord<byte[], byte[]> toRecord(SourceRecord record, List<RecordHeader> constants) {
    ProducerRecord<byte[], byte[]> sent =
        new ProducerRecord<>(record.topic(), null, null, bytes(record.key()), bytes(record.value()));
    record.headers().forEach(header -> sent.headers().add(header.key(), bytes(header.value())));
    constants.forEach(header -> sent.headers().add(header));
    return sent;
  }

  private static byte[] bytes(Object value) {
    if (value == null) {
      return null;
    }
    return value instanceof byte[] raw ? raw : value.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static Properties producerSettings(String brokers) {
    Properties settings = new Properties();
    String bytes = "org.apache.kafka.common.serialization.ByteArraySerializer";
    settings.put("bootstrap.servers", brokers);
    settings.put("acks", "all");
    settings.put("enable.idempotence", "true");
    settings.put("batch.size", "131072");
    settings.put("key.serializer", bytes);
    settings.put("value.serializer", bytes);
    return settings;
  }

  private static Properties engineSettings(String[] args) {
    String[][] settings = {
      {"name", "bench"},
      {"connector.class", "io.debezium.connector.postgresql.PostgresConnector"},
      {"plugin.name", "pgoutput"},
      {"database.hostname", args[0]},
      {"database.port", args[1]},
      {"database.user", args[2]},
      {"database.password", args[3]},
      {"database.dbname", args[4]},
      {"topic.prefix", "bench"},
      {"table.include.list", "public.outbox"},
      {"slot.name", "bench_debezium"},
      {"publication.name", "bench_debezium"},
      {"publication.autocreate.mode", "filtered"},
      {"snapshot.mode", "no_data"},
      {"tombstones.on.delete", "false"},
      {"skipped.operations", "u,d,t"},
      // Its default of 500 ms is for large streams; the others do not wait either.
      {"poll.interval.ms", "5"},
      {"max.batch.size", "2048"},
      {"max.queue.size", "8192"},
      {"offset.storage", "org.apache.kafka.connect.storage.FileOffsetBackingStore"},
      {"offset.storage.file.filename", args[6]},
      {"offset.flush.interval.ms", "1000"},
      {"transforms", "outbox"},
      {"transforms.outbox.type", "io.debezium.transforms.outbox.EventRouter"},
      {"transforms.outbox.route.by.field", "topic"},
      {"transforms.outbox.route.topic.replacement", "${routedByValue}"},
      {"transforms.outbox.table.field.event.key", "partitionkey"},
      {"transforms.outbox.table.fields.additional.placement", HEADERS},
    };
    Properties properties = new Properties();
    for (String[] setting : settings) {
      properties.setProperty(setting[0], setting[1]);
    }
    return properties;
  }

  private DebeziumPeer() {}
}
