import com.fasterxml.jackson.databind.ObjectMapper;
import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.RecordChangeEvent;
import io.debezium.engine.format.ChangeEventFormat;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;

/**
 * Debezium's connectors in its embedded engine, which stands for Kafka Connect: it takes the same settings, and does with
 * a connector's records what Connect does: transforms, converters, `producer.override.*`, `topic.creation.default.*`.
 *
 * Arguments: files of settings, a connector each, JSON as in the `config` that Connect is given; `bootstrap.servers`
 * and `offset.storage.file.filename` beside them, and `header.NAME` for a header that every record gets.
 * Prints "ready" for each connector that streams, and "sent COUNT LAST_MILLIS" after each batch that the broker has
 * acknowledged; COUNT is the sum of all.
 */
public final class DebeziumWorker {
  private static final String BYTES = "org.apache.kafka.common.serialization.ByteArraySerializer";
  private static long sent = 0;

  public static void main(String[] files) throws Exception {
    List<DebeziumEngine<?>> engines = new ArrayList<>();
    for (String file : files) {
      Map<?, ?> settings = new ObjectMapper().readValue(new File(file), Map.class);
      Properties properties = new Properties();
      settings.forEach((name, value) -> properties.setProperty(name.toString(), value.toString()));
      engines.add(new DebeziumWorker(properties).engine());
    }
    ExecutorService executor = Executors.newCachedThreadPool();
    engines.forEach(executor::execute);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> engines.forEach(DebeziumWorker::close)));
    // Whoever has started it hangs up when it ends, whatever becomes of it.
    while (System.in.read() >= 0) {
      continue;
    }
    engines.forEach(DebeziumWorker::close);
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

  private static synchronized void tellSent(int count) {
    sent += count;
    System.out.println("sent " + sent + " " + System.currentTimeMillis());
  }

  private static synchronized void tellReady() {
    System.out.println("ready");
  }

  private final Properties settings;
  private final KafkaProducer<byte[], byte[]> producer;
  private final Converter keyConverter;
  private final Converter valueConverter;
  private final HeaderConverter headerConverter;
  private final List<RecordHeader> constants = new ArrayList<>();
  private final Set<String> topics = new HashSet<>();

  private DebeziumWorker(Properties settings) throws Exception {
    this.settings = settings;
    producer = new KafkaProducer<>(producerSettings());
    keyConverter = (Converter) instance("key.converter");
    keyConverter.configure(Map.of(), true);
    valueConverter = (Converter) instance("value.converter");
    valueConverter.configure(Map.of(), false);
    headerConverter = (HeaderConverter) instance("header.converter");
    headerConverter.configure(Map.of("converter.type", "header"));
    for (String name : settings.stringPropertyNames()) {
      if (name.startsWith("header.") && !name.equals("header.converter")) {
        byte[] value = settings.getProperty(name).getBytes(StandardCharsets.UTF_8);
        constants.add(new RecordHeader(name.substring("header.".length()), value));
      }
    }
  }

  private DebeziumEngine<RecordChangeEvent<SourceRecord>> engine() {
    return DebeziumEngine.create(ChangeEventFormat.of(Connect.class))
        .using(settings)
        .using(
            new DebeziumEngine.ConnectorCallback() {
              @Override
              public void taskStarted() {
                tellReady();
              }
            })
        .using(
            (success, message, error) -> {
              if (!success) {
                System.err.println(message);
                System.exit(1);
              }
            })
        .notifying(this::send)
        .build();
  }

  private void send(
      List<RecordChangeEvent<SourceRecord>> records,
      DebeziumEngine.RecordCommitter<RecordChangeEvent<SourceRecord>> committer)
      throws InterruptedException {
    List<Future<RecordMetadata>> acknowledgements = new ArrayList<>(records.size());
    try {
      for (RecordChangeEvent<SourceRecord> event : records) {
        createTopicOnce(event.record().topic());
        acknowledgements.add(producer.send(toRecord(event.record())));
      }
      producer.flush();
      for (Future<RecordMetadata> each : acknowledgements) {
        each.get();
      }
    } catch (ExecutionException error) {
      throw new IllegalStateException(error.getCause());
    }
    for (RecordChangeEvent<SourceRecord> event : records) {
      committer.markProcessed(event);
    }
    committer.markBatchFinished();
    tellSent(acknowledgements.size());
  }

  private ProducerRecord<byte[], byte[]> toRecord(SourceRecord record) {
    String topic = record.topic();
    ProducerRecord<byte[], byte[]> result =
        new ProducerRecord<>(
            topic,
            null,
            null,
            keyConverter.fromConnectData(topic, record.keySchema(), record.key()),
            valueConverter.fromConnectData(topic, record.valueSchema(), record.value()));
    record
        .headers()
        .forEach(
            header ->
                result
                    .headers()
                    .add(
                        header.key(),
                        headerConverter.fromConnectHeader(topic, header.key(), header.schema(), header.value())));
    constants.forEach(header -> result.headers().add(header));
    return result;
  }

  /** Connect creates what is missing only where the connector says how. */
  private void createTopicOnce(String topic) throws ExecutionException, InterruptedException {
    String partitions = settings.getProperty("topic.creation.default.partitions");
    if (partitions == null || !topics.add(topic)) {
      return;
    }
    short replicas = Short.parseShort(settings.getProperty("topic.creation.default.replication.factor"));
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", settings.getProperty("bootstrap.servers")))) {
      admin.createTopics(List.of(new NewTopic(topic, Integer.parseInt(partitions), replicas))).all().get();
    } catch (ExecutionException error) {
      if (!(error.getCause() instanceof TopicExistsException)) {
        throw error;
      }
    }
  }

  private Object instance(String setting) throws ReflectiveOperationException {
    return Class.forName(settings.getProperty(setting)).getDeclaredConstructor().newInstance();
  }

  private Properties producerSettings() {
    Properties result = new Properties();
    result.put("bootstrap.servers", settings.getProperty("bootstrap.servers"));
    result.put("key.serializer", BYTES);
    result.put("value.serializer", BYTES);
    String prefix = "producer.override.";
    for (String name : settings.stringPropertyNames()) {
      if (name.startsWith(prefix)) {
        result.put(name.substring(prefix.length()), settings.getProperty(name));
      }
    }
    return result;
  }
}
