import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A second reader of the proof, written from docs/proof-format.md: Java 17, one file, no libraries. What the vectors check
 * was written from the page alone; bundles and proofs of events were added by the author of verify.mjs.
 *
 * <p>{@code java Verify.java docs/proof-vectors.json} checks all vectors. Several files are checked one after the other.
 * {@code java Verify.java --trust trust.txt PATH...} checks bundles and proofs of events: each holds or is refused.
 * It exits with 0 when all vectors hold, with 1 when one does not, and with 2 when a file cannot be read.
 *
 * <p>The classes are in the order of the sections of the page, and end with the vectors of each section.
 */
public final class Verify {
  /** Enough for JSON that nests 1,000 deep, before it is compiled too: a thread has 1 MiB by default. */
  private static final long STACK_BYTES = 64L << 20;

  public static void main(String[] files) {
    new Thread(null, () -> verify(files), "verify", STACK_BYTES).start();
  }

  private static void verify(String[] files) {
    if (files.length == 0) {
      System.err.println("Name a file with vectors: java Verify.java docs/proof-vectors.json");
      System.exit(2);
    }
    System.exit(files[0].equals("--trust") ? proved(files) : vectors(files));
  }

  private static int vectors(String[] files) {
    boolean hold = true;
    for (String file : files) {
      if (files.length > 1) System.out.println(file);
      try {
        hold &= new Vectors(Json.object(Json.read(Bytes.text(Files.readAllBytes(Path.of(file)))))).hold();
      } catch (IOException | Refused error) {
        System.err.println(file + " cannot be read as vectors: " + error);
        return 2;
      }
    }
    return hold ? 0 : 1;
  }

  /** Bundles and proofs of events, each of which holds or is refused, by the policy that is named first. */
  private static int proved(String[] words) {
    boolean hold = true;
    try {
      Policy policy = Policy.parse(Bytes.text(Files.readAllBytes(Path.of(words[1]))));
      for (String path : List.of(words).subList(2, words.length)) {
        try {
          if (Files.isDirectory(Path.of(path))) new Bundle(Path.of(path)).check(policy);
          else EventProof.check(Bytes.text(Files.readAllBytes(Path.of(path))), policy);
          System.out.println("holds " + path);
        } catch (Refused reason) {
          System.out.println("refused " + path + ": " + reason.getMessage());
          hold = false;
        }
      }
    } catch (IOException | Refused error) {
      System.err.println("cannot be read: " + error);
      return 2;
    }
    return hold ? 0 : 1;
  }

  /** What is read is not of the format, or does not fit. Anything else that is thrown is a fault of this program. */
  static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;

    Refused(String reason) {
      super(reason);
    }
  }

  static void require(boolean holds, String what) {
    if (!holds) throw new Refused("it must hold that " + what);
  }

  // ---------------------------------------------------------------------------------------------------- Notation

  static final class Bytes {
    static byte[] join(byte[]... parts) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      for (byte[] part : parts) out.writeBytes(part);
      return out.toByteArray();
    }

    static byte[] join(int prefix, List<byte[]> parts) {
      return join(new byte[] {(byte) prefix}, join(parts.toArray(byte[][]::new)));
    }

    static byte[] int16(int value) {
      return ByteBuffer.allocate(2).putShort((short) value).array();
    }

    static byte[] int32(int value) {
      return ByteBuffer.allocate(4).putInt(value).array();
    }

    static byte[] int64(long value) {
      return ByteBuffer.allocate(8).putLong(value).array();
    }

    static byte[] sha256(byte[]... parts) {
      try {
        return MessageDigest.getInstance("SHA-256").digest(join(parts));
      } catch (NoSuchAlgorithmException error) {
        throw new IllegalStateException(error);
      }
    }

    static byte[] hex(String text) {
      return HexFormat.of().parseHex(text);
    }

    static String hex(byte[] bytes) {
      return HexFormat.of().formatHex(bytes);
    }

    static String base64(byte[] bytes) {
      return Base64.getEncoder().encodeToString(bytes);
    }

    static byte[] base64(String text) {
      return base64(text, Base64.getDecoder(), Base64.getEncoder());
    }

    /** The decoders of the JDK take a text without padding, and any bits after the last byte: this takes one form. */
    static byte[] base64(String text, Base64.Decoder decoder, Base64.Encoder encoder) {
      try {
        byte[] bytes = decoder.decode(text);
        require(encoder.encodeToString(bytes).equals(text), "base64 has its one form");
        return bytes;
      } catch (IllegalArgumentException error) {
        throw new Refused("no base64");
      }
    }

    static byte[] hash(String text) {
      byte[] bytes = base64(text);
      require(bytes.length == 32, "a hash has 32 bytes");
      return bytes;
    }

    static String text(byte[] bytes) {
      try {
        return UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT).decode(ByteBuffer.wrap(bytes)).toString();
      } catch (CharacterCodingException error) {
        throw new Refused("no UTF-8");
      }
    }

    /** Half surrogates have no UTF-8. The JDK would write a question mark. */
    static byte[] utf8(String text) {
      try {
        ByteBuffer out = UTF_8.newEncoder().encode(CharBuffer.wrap(text));
        return Arrays.copyOf(out.array(), out.limit());
      } catch (CharacterCodingException error) {
        throw new Refused("half a surrogate");
      }
    }
  }

  // ---------------------------------------------------------------------------------------------- Canonical JSON

  /** Values are Map, List, String, Number (its text), Boolean, and null. */
  static final class Json {
    record Number(String text) {}

    private static final Pattern NUMBER = Pattern.compile("(-?)(0|[1-9][0-9]*)(?:\\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?");
    private static final BigInteger LARGEST_EXPONENT = BigInteger.valueOf(1_073_741_822);
    private static final int MOST_BEFORE = 131_072;
    private static final int MOST_AFTER = 16_383;
    private static final int MOST_NESTED = 1_000;
    private static final String ESCAPES = "\"\\/bfnrt";
    private static final String ESCAPED = "\"\\/\b\f\n\r\t";

    private final String text;
    private int at = 0;
    private int depth = 0;

    private Json(String text) {
      this.text = text;
    }

    static Object read(String text) {
      Json reader = new Json(text);
      Object value = reader.value();
      require(reader.at == text.length(), "one value is the whole text");
      return value;
    }

    static String canonical(String text) {
      return write(read(text));
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Object value) {
      require(value instanceof Map, "this is an object");
      return (Map<String, Object>) value;
    }

    private Object value() {
      space();
      Object value =
          switch (next()) {
            case '{' -> nested(this::members);
            case '[' -> nested(this::elements);
            case '"' -> string();
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", null);
            default -> number();
          };
      space();
      return value;
    }

    private Object nested(Supplier<Object> read) {
      depth++;
      require(depth <= MOST_NESTED, "arrays and objects nest 1,000 deep at most");
      Object value = read.get();
      depth--;
      return value;
    }

    private Map<String, Object> members() {
      Map<String, Object> members = new LinkedHashMap<>();
      at++;
      space();
      if (take('}')) return members;
      do {
        space();
        require(next() == '"', "a key is a string");
        String key = string();
        space();
        require(take(':'), "a colon comes after a key");
        members.put(key, value());
      } while (take(','));
      require(take('}'), "an object ends");
      return members;
    }

    private List<Object> elements() {
      List<Object> elements = new ArrayList<>();
      at++;
      space();
      if (take(']')) return elements;
      do elements.add(value());
      while (take(','));
      require(take(']'), "an array ends");
      return elements;
    }

    private String string() {
      StringBuilder out = new StringBuilder();
      at++;
      while (!take('"')) {
        char c = next();
        at++;
        require(c >= ' ', "control characters are escaped");
        out.append(c == '\\' ? escaped() : c);
      }
      return out.toString();
    }

    private char escaped() {
      char c = next();
      at++;
      if (c != 'u') {
        require(ESCAPES.indexOf(c) >= 0, "an escape is known");
        return ESCAPED.charAt(ESCAPES.indexOf(c));
      }
      String digits = text.substring(at, Math.min(at + 4, text.length()));
      require(digits.matches("[0-9a-fA-F]{4}"), "\\u has four digits");
      at += 4;
      return (char) Integer.parseInt(digits, 16);
    }

    private Number number() {
      Matcher found = NUMBER.matcher(text).region(at, text.length());
      require(found.lookingAt(), "a value begins");
      at = found.end();
      return new Number(found.group());
    }

    private Object word(String word, Object value) {
      require(text.startsWith(word, at), "a value begins");
      at += word.length();
      return value;
    }

    private char next() {
      require(at < text.length(), "the text does not end in a value");
      return text.charAt(at);
    }

    private boolean take(char c) {
      boolean is = next() == c;
      if (is) at++;
      return is;
    }

    private void space() {
      while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) at++;
    }

    static String write(Object value) {
      if (value instanceof Number number) return number(number.text);
      if (value instanceof String string) return string(string);
      // Without a stream, which takes several frames of the stack for each level.
      if (value instanceof List<?> list) {
        StringJoiner elements = new StringJoiner(", ", "[", "]");
        for (Object element : list) elements.add(write(element));
        return elements.toString();
      }
      if (value instanceof Map<?, ?>) {
        Map<String, Object> sorted =
            new TreeMap<>(
                Comparator.comparing((String key) -> Bytes.utf8(key).length)
                    .thenComparing(Bytes::utf8, Arrays::compareUnsigned));
        sorted.putAll(object(value));
        StringJoiner members = new StringJoiner(", ", "{", "}");
        for (Map.Entry<String, Object> entry : sorted.entrySet()) {
          members.add(string(entry.getKey()) + ": " + write(entry.getValue()));
        }
        return members.toString();
      }
      return String.valueOf(value);
    }

    private static String string(String value) {
      Bytes.utf8(value);
      require(value.indexOf(0) < 0, "a string has no U+0000");
      StringBuilder out = new StringBuilder("\"");
      for (char c : value.toCharArray()) {
        int escape = c == '/' ? -1 : ESCAPED.indexOf(c);
        if (escape >= 0) out.append('\\').append(ESCAPES.charAt(escape));
        else if (c < ' ') out.append(String.format("\\u%04x", (int) c));
        else out.append(c);
      }
      return out.append('"').toString();
    }

    private static String number(String written) {
      Matcher parts = NUMBER.matcher(written);
      require(parts.matches(), "this is a number");
      String after = parts.group(3) == null ? "" : parts.group(3);
      BigInteger exponent = new BigInteger(parts.group(4) == null ? "0" : parts.group(4));
      require(exponent.abs().compareTo(LARGEST_EXPONENT) <= 0, "an exponent is one that numeric takes");
      String digits = parts.group(2) + after;
      int scale = after.length() - exponent.intValue();
      int significant = digits.replaceFirst("^0+", "").length();
      require(scale <= MOST_AFTER, "a number has 16,383 digits after the point at most");
      require(significant == 0 || significant - scale <= MOST_BEFORE, "a number has 131,072 digits before it at most");
      if (significant == 0) return scale <= 0 ? "0" : "0." + "0".repeat(scale);
      if (scale < 0) digits += "0".repeat(-scale);
      scale = Math.max(scale, 0);
      digits = "0".repeat(Math.max(0, scale + 1 - digits.length())) + digits;
      String before = digits.substring(0, digits.length() - scale).replaceFirst("^0+(?=.)", "");
      String sign = digits.matches("0*") ? "" : parts.group(1);
      return sign + before + (scale == 0 ? "" : "." + digits.substring(digits.length() - scale));
    }
  }

  // --------------------------------------------------------------------------------------------- Rows and leaves

  /** Row form 1. What may be null is null. */
  record Row(
      UUID id,
      UUID aggregateId,
      long occurredAt,
      String eventName,
      String payload,
      short schemaVersion,
      String source,
      String actor,
      String traceparent,
      Integer partition,
      Long offset) {
    private static final long MICROS_1970_TO_2000 = 946_684_800_000_000L;

    /** {@code occurredAt} is in microseconds since 1970. */
    static Row parse(byte[] bytes) {
      ByteBuffer in = ByteBuffer.wrap(bytes);
      require(bytes.length >= 2 && in.getShort() == 11, "a row has eleven columns");
      UUID id = uuid(column(in, 16));
      UUID aggregateId = uuid(column(in, 16));
      long occurredAt = needed(column(in, 8)).getLong() + MICROS_1970_TO_2000;
      String eventName = Bytes.text(needed(column(in, -1)).array());
      ByteBuffer payload = needed(column(in, -1));
      require(payload.hasRemaining() && payload.get() == 1, "the version of jsonb is 1");
      String json = Bytes.text(Arrays.copyOfRange(payload.array(), 1, payload.limit()));
      require(Json.canonical(json).equals(json), "the payload is canonical");
      short schemaVersion = needed(column(in, 2)).getShort();
      String[] texts = new String[3];
      for (int i = 0; i < 3; i++) {
        ByteBuffer text = column(in, -1);
        texts[i] = text == null ? null : Bytes.text(text.array());
      }
      ByteBuffer partition = column(in, 4);
      ByteBuffer offset = column(in, 8);
      require((partition == null) == (offset == null), "a row has a partition and an offset, or neither");
      require(!in.hasRemaining(), "nothing comes after the last column");
      require(schemaVersion >= 0, "the version of the schema is not negative");
      require(partition == null || partition.getInt(0) >= 0, "the partition is not negative");
      require(offset == null || offset.getLong(0) >= 0, "the offset is not negative");
      long sinceEpoch = occurredAt - MICROS_1970_TO_2000;
      require(sinceEpoch != Long.MAX_VALUE && sinceEpoch != Long.MIN_VALUE, "the time is finite");
      return new Row(
          id,
          aggregateId,
          occurredAt,
          eventName,
          json,
          schemaVersion,
          texts[0],
          texts[1],
          texts[2],
          partition == null ? null : partition.getInt(),
          offset == null ? null : offset.getLong());
    }

    /** The bytes of a column, or null; of {@code size} bytes, or of any number when that is -1. */
    private static ByteBuffer column(ByteBuffer in, int size) {
      require(in.remaining() >= 4, "a column has a length");
      int length = in.getInt();
      if (length == -1) return null;
      require(length >= 0 && length <= in.remaining() && (size == -1 || length == size), "the length of a column fits");
      byte[] bytes = new byte[length];
      in.get(bytes);
      return ByteBuffer.wrap(bytes);
    }

    private static ByteBuffer needed(ByteBuffer column) {
      require(column != null, "this column is not null");
      return column;
    }

    private static UUID uuid(ByteBuffer column) {
      needed(column);
      return new UUID(column.getLong(), column.getLong());
    }

    byte[] bytes() {
      return Bytes.join(
          Bytes.int16(11),
          length(uuid(id)),
          length(uuid(aggregateId)),
          length(Bytes.int64(occurredAt - MICROS_1970_TO_2000)),
          length(Bytes.utf8(eventName)),
          length(Bytes.join(new byte[] {1}, Bytes.utf8(payload))),
          length(Bytes.int16(schemaVersion)),
          length(source == null ? null : Bytes.utf8(source)),
          length(actor == null ? null : Bytes.utf8(actor)),
          length(traceparent == null ? null : Bytes.utf8(traceparent)),
          length(partition == null ? null : Bytes.int32(partition)),
          length(offset == null ? null : Bytes.int64(offset)));
    }

    private static byte[] uuid(UUID id) {
      return Bytes.join(Bytes.int64(id.getMostSignificantBits()), Bytes.int64(id.getLeastSignificantBits()));
    }

    /** A column with its length before it: also those of a record in quarantine. */
    static byte[] length(byte[] column) {
      return column == null ? Bytes.int32(-1) : Bytes.join(Bytes.int32(column.length), column);
    }

    Row at(long offset) {
      return new Row(
          id, aggregateId, occurredAt, eventName, payload, schemaVersion, source, actor, traceparent, partition, offset);
    }

    byte[] leaf() {
      return Bytes.sha256(bytes());
    }
  }

  // --------------------------------------------------------------------------------------- The tree of a stretch

  static final class Stretch {
    static final int GROUP = 16;

    record Step(int place, List<byte[]> others) {}

    static byte[] root(List<byte[]> leaves) {
      require(!leaves.isEmpty(), "a stretch has rows");
      List<byte[]> level = leaves;
      while (level.size() > 1) level = above(level);
      return level.get(0);
    }

    private static List<byte[]> above(List<byte[]> level) {
      List<byte[]> above = new ArrayList<>();
      for (int from = 0; from < level.size(); from += GROUP) {
        List<byte[]> group = level.subList(from, Math.min(from + GROUP, level.size()));
        above.add(group.size() == 1 ? group.get(0) : Bytes.sha256(Bytes.join(1, group)));
      }
      return above;
    }

    static void check(byte[] leaf, long index, long rows, List<Step> path, byte[] root) {
      require(index >= 0 && index < rows, "the index is one of the rows");
      byte[] hash = leaf;
      int taken = 0;
      while (rows > 1) {
        int place = (int) (index % GROUP);
        long size = Math.min(GROUP, rows - (index - place));
        if (size > 1) {
          require(taken < path.size(), "the path has a step for each level");
          Step step = path.get(taken++);
          require(step.place == place && step.others.size() == size - 1, "a step has its place and its hashes");
          List<byte[]> group = new ArrayList<>(step.others);
          group.add(place, hash);
          hash = Bytes.sha256(Bytes.join(1, group));
        }
        rows = (rows + GROUP - 1) / GROUP;
        index /= GROUP;
      }
      require(taken == path.size(), "no step is left");
      require(Arrays.equals(hash, root), "the path leads to the root");
    }
  }

  // ------------------------------------------------------------------------------------------------------ Digests

  static final class Digests {
    private static final Pattern ASIDE =
        Pattern.compile(
            "(?:d (?<duplicate>C) U|q (?<record>C) N H|b (?<first>C) (?<last>C) N H|l (?<from>C) (?<to>C))"
                .replace("C", "0|[1-9][0-9]*")
                .replace("U", Words.UUID)
                .replace("N", Words.NAME)
                .replace("H", "[0-9a-f]{64}"));

    /** What became of offsets that are no rows: the lines have their forms and are in the order of offsets. */
    static byte[] aside(String lines) {
      require(lines.endsWith("\n"), "each line has a line feed");
      long next = 0;
      for (String line : lines.substring(0, lines.length() - 1).split("\n", -1)) {
        Matcher found = ASIDE.matcher(line);
        require(found.matches(), "a line has one of the forms");
        long first = offset(found, "duplicate", "record", "first", "from");
        long last = offset(found, "duplicate", "record", "last", "to");
        require(first >= next && last >= first, "lines are in the order of offsets");
        next = last + 1;
      }
      return Bytes.sha256(Bytes.utf8(lines));
    }

    private static long offset(Matcher found, String... names) {
      return Stream.of(names).map(found::group).filter(text -> text != null).mapToLong(Words::count).findFirst().getAsLong();
    }

    static byte[] quarantined(long timestamp, byte[] key, byte[] value, String headers) {
      return Bytes.sha256(
          new byte[] {2},
          Bytes.int64(timestamp),
          Row.length(key),
          Row.length(value),
          Bytes.utf8(Json.canonical(headers)));
    }

    static byte[] words(byte[] salt, String words) {
      require(salt.length == 16, "a salt has 16 bytes");
      return Bytes.sha256(salt, Bytes.utf8(Json.canonical(words)));
    }

    static byte[] kept(List<byte[]> leaves) {
      return Bytes.sha256(leaves.toArray(byte[][]::new));
    }
  }

  // ----------------------------------------------------------------------------------------------- Keys and notes

  record Key(String name, String id, int type, byte[] publicKey) {
    static final int SIGNS = 1;
    static final int COSIGNS = 4;
    private static final byte[] BEFORE_ED25519 = Bytes.hex("302a300506032b6570032100");

    static Key parse(String text) {
      String[] parts = text.split("\\+", 3);
      require(parts.length == 3, "a key has three parts");
      name(parts[0]);
      byte[] material = Bytes.base64(parts[2]);
      require(material.length == 33, "a key has a type and 32 bytes");
      require(material[0] == SIGNS || material[0] == COSIGNS, "the type of a key is 01 or 04");
      String id = Bytes.hex(Bytes.sha256(Bytes.utf8(parts[0]), new byte[] {'\n'}, material)).substring(0, 8);
      require(id.equals(parts[1]), "a key has its id");
      return new Key(parts[0], id, material[0], Arrays.copyOfRange(material, 1, 33));
    }

    static void name(String name) {
      require(!name.isEmpty() && name.indexOf('+') < 0, "a name is not empty and has no +");
      require(
          name.codePoints().noneMatch(c -> Character.isWhitespace(c) || Character.isSpaceChar(c) || Character.isISOControl(c)),
          "a name has no spaces and no control characters");
    }

    boolean fits(String text, byte[] signature) {
      if (type == SIGNS) return verify(Bytes.utf8(text), signature);
      if (signature.length != 72) return false;
      long seconds = ByteBuffer.wrap(signature).getLong();
      String signed = "cosignature/v1\ntime " + seconds + "\n" + text;
      return seconds >= 0 && verify(Bytes.utf8(signed), Arrays.copyOfRange(signature, 8, 72));
    }

    private boolean verify(byte[] message, byte[] signature) {
      try {
        PublicKey key =
            KeyFactory.getInstance("Ed25519")
                .generatePublic(new X509EncodedKeySpec(Bytes.join(BEFORE_ED25519, publicKey)));
        Signature verifier = Signature.getInstance("Ed25519");
        verifier.initVerify(key);
        verifier.update(message);
        return signature.length == 64 && verifier.verify(signature);
      } catch (GeneralSecurityException error) {
        return false;
      }
    }
  }

  /** A note that known keys have signed; all that it holds of others is passed over. */
  record Note(String text, List<Key> signedBy) {
    private static final int MOST_CHARACTERS = 1_000_000;
    private static final int MOST_SIGNATURES = 100;
    private static final Pattern SIGNATURE = Pattern.compile("\\u2014 ([^ ]+) ([^ ]+)");

    static Note open(String note, List<Key> known) {
      require(Bytes.utf8(note).length <= MOST_CHARACTERS, "a note has 1,000,000 bytes at most");
      require(note.chars().noneMatch(c -> c < ' ' && c != '\n'), "a note has no control characters");
      require(note.endsWith("\n"), "the last line ends");
      int empty = note.lastIndexOf("\n\n");
      require(empty >= 0 && empty + 2 < note.length(), "signatures come after an empty line");
      String text = note.substring(0, empty + 1);
      String[] lines = note.substring(empty + 2, note.length() - 1).split("\n", -1);
      require(lines.length <= MOST_SIGNATURES, "a note has 100 signatures at most");
      List<Key> signedBy = new ArrayList<>();
      for (String line : lines) {
        Matcher parts = SIGNATURE.matcher(line);
        require(parts.matches(), "a signature has its form");
        Key.name(parts.group(1));
        byte[] bytes = Bytes.base64(parts.group(2));
        require(bytes.length > 4, "a signature has a key id and more");
        String id = Bytes.hex(Arrays.copyOf(bytes, 4));
        for (Key key : known) {
          if (!key.name.equals(parts.group(1)) || !key.id.equals(id)) continue;
          require(key.fits(text, Arrays.copyOfRange(bytes, 4, bytes.length)), "the signature of a known key fits");
          if (!signedBy.contains(key)) signedBy.add(key);
        }
      }
      require(!signedBy.isEmpty(), "a known key has signed");
      return new Note(text, signedBy);
    }
  }

  // ------------------------------------------------------------------------------------------------------ Entries

  /** The forms of the words of a line. */
  static final class Words {
    static final String UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
    static final String NAME = "[!-~]+";
    private static final Pattern TIME =
        Pattern.compile("((?!0000)[0-9]{4})-([0-9]{2})-([0-9]{2})T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{6}Z");
    private static final long LARGEST_COUNT = (1L << 53) - 1;

    static void check(String form, String word) {
      switch (form) {
        case "count" -> count(word);
        case "hash" -> Bytes.hash(word);
        case "hash|-" -> {
          if (!word.equals("-")) Bytes.hash(word);
        }
        case "name" -> require(word.matches(NAME), "a name is of ! to ~");
        case "uuid" -> require(word.matches(UUID), "a uuid has its form");
        case "id" -> require(
            Bytes.base64(word, Base64.getUrlDecoder(), Base64.getUrlEncoder().withoutPadding()).length == 16,
            "an id has 16 bytes");
        case "time" -> time(word);
        case "month" -> require(word.matches("(?!0000)[0-9]{4}-(0[1-9]|1[0-2])"), "a month has its form");
        case "text" -> require(
            Json.read(word) instanceof String && Json.canonical(word).equals(word), "a text is a canonical string");
        case "vkey" -> require(Key.parse(word).type == Key.SIGNS, "the key of an entry has the type 01");
        case "keyname" -> Key.name(word);
        default -> require(List.of(form.split("\\|")).contains(word), "the word is one of " + form);
      }
    }

    static long count(String word) {
      require(word.matches("0|[1-9][0-9]{0,15}"), "a count has no other form");
      long count = Long.parseLong(word);
      require(count <= LARGEST_COUNT, "a count is below 2^53");
      return count;
    }

    private static void time(String word) {
      Matcher parts = TIME.matcher(word);
      require(parts.matches(), "a time has its form");
      try {
        LocalDate.parse(word.substring(0, 10));
      } catch (DateTimeException error) {
        throw new Refused("no such day");
      }
    }
  }

  /** A line of a kind: where it may be there several times, its first {@code sorted} words sort it. */
  record Line(String name, int least, int most, int sorted, List<String> forms) {
    /** A line of the grammar: its name, with + or * and the number of words that sort it, and the forms of its words. */
    static Line of(String grammar) {
      List<String> words = List.of(grammar.strip().split(" "));
      String[] name = words.get(0).split("[+*]");
      boolean several = name.length == 2;
      return new Line(
          name[0],
          words.get(0).contains("*") ? 0 : 1,
          several ? Integer.MAX_VALUE : 1,
          several ? Integer.parseInt(name[1]) : 0,
          words.subList(1, words.size()));
    }

    /** The words of a line. A text has spaces and ends its line. */
    List<String> parse(String line) {
      int limit = forms.get(forms.size() - 1).equals("text") ? forms.size() + 1 : -1;
      List<String> words = List.of(line.split(" ", limit));
      require(words.size() == forms.size() + 1, "the line " + name + " has all its words and no more");
      for (int i = 0; i < forms.size(); i++) Words.check(forms.get(i), words.get(i + 1));
      return words.subList(1, words.size());
    }

    int compare(List<String> one, List<String> other) {
      for (int i = 0; i < sorted; i++) {
        int order =
            forms.get(i).equals("count")
                ? Long.compare(Words.count(one.get(i)), Words.count(other.get(i)))
                : Arrays.compareUnsigned(Bytes.utf8(one.get(i)), Bytes.utf8(other.get(i)));
        if (order != 0) return order;
      }
      return 0;
    }
  }

  record Kind(String role, List<Line> lines) {
    /** What every entry begins with. */
    private static final List<Line> FIRST =
        Stream.of("origin keyname", "writer uuid count", "previous hash|-").map(Line::of).toList();

    static Map<String, Kind> parse(String grammar) {
      Map<String, Kind> kinds = new HashMap<>();
      for (String kind : grammar.split("\n(?! )")) {
        List<String> lines = kind.lines().toList();
        String[] head = lines.get(0).split(" ");
        Stream<Line> own = lines.stream().skip(1).map(Line::of);
        kinds.put(head[0], new Kind(head[1], Stream.concat(FIRST.stream(), own).toList()));
      }
      return kinds;
    }
  }

  /** An entry: the words of its lines, by the name of the line. */
  record Entry(String kind, String role, Map<String, List<List<String>>> lines) {
    private static final int MOST_BYTES = 60_000;
    /**
     * The kinds, each with the role of its keys. {@code stretch+4} is there once or more, sorted by its first four words;
     * {@code block*3} any number of times, sorted by the first three.
     */
    private static final Map<String, Kind> KINDS =
        Kind.parse(
            """
            batch sink
              recorded time time
              clock time time
              group text
              prefix text
              form 1
              stretch+4 name count count count count count count count count count hash|- hash|-
            bus bus
              recorded time time
              clock time time
              form 1
              root hash
              id+1 id
            retry operator
              recorded time
              clock time
              group text
              prefix text
              form 1
              record name count count count
              event uuid
              leaf hash
              words hash
            resolution operator
              recorded time
              clock time
              group text
              prefix text
              record name count count count count
              status duplicate|discarded
              words hash
            reset operator
              recorded time
              clock time
              group text
              prefix text
              reset+3 name count count count count
              words hash
            adopted operator
              recorded time
              clock time
              group text
              prefix text
              form 1
              block*3 name count count count count hash
              bus*1 uuid uuid count hash
              position*3 name count count count
            retention operator
              recorded time
              clock time
              month month
              bounds time time
              rows count
              dropped*3 name count count count count count
              kept count hash|-
              words hash
            redaction privacy
              recorded time
              clock time
              event uuid
              leaf hash
              basis name
              words hash
            erasure privacy
              recorded time
              clock time
              number uuid
              state refused|done
              epoch count
              basis name
              words hash
              key*1 uuid
            kek privacy
              recorded time
              clock time
              epoch count
              destroyed time
            hold privacy
              recorded time
              clock time
              number count
              row hash
            release privacy
              recorded time
              clock time
              number count
              row hash
            disclosure privacy
              recorded time
              clock time
              number count
              row hash
            restored operator
              recorded time
              clock time
              entries count count
              words hash
            loss operator
              recorded time
              clock time
              group text
              prefix text
              lost+4 name count count count count
              words hash
            key root
              recorded time
              clock time
              add*1 vkey sink|bus|operator|privacy|log
              revoke*1 vkey count
            """);

    static Entry open(String note, List<Key> known) {
      require(Bytes.utf8(note).length <= MOST_BYTES, "an entry has 60,000 bytes at most");
      Note open = Note.open(note, known);
      require(open.signedBy.size() == 1, "one known key has signed an entry");
      return parse(open.text);
    }

    static Entry parse(String text) {
      require(text.endsWith("\n"), "each line ends");
      String[] written = text.substring(0, text.length() - 1).split("\n", -1);
      Matcher head = Pattern.compile("eventtrail/([a-z]+)@v1").matcher(written[0]);
      require(head.matches() && KINDS.containsKey(head.group(1)), "the kind is known");
      Kind kind = KINDS.get(head.group(1));
      Map<String, List<List<String>>> lines = new HashMap<>();
      int at = 1;
      for (Line line : kind.lines) {
        List<List<String>> found = new ArrayList<>();
        while (at < written.length && found.size() < line.most && written[at].split(" ", 2)[0].equals(line.name)) {
          List<String> words = line.parse(written[at++]);
          require(
              found.isEmpty() || line.compare(found.get(found.size() - 1), words) < 0,
              "the lines " + line.name + " are sorted");
          found.add(words);
        }
        require(found.size() >= line.least, "the line " + line.name + " is there, in its place");
        lines.put(line.name, found);
      }
      require(at == written.length, "there is no other line");
      Entry entry = new Entry(head.group(1), kind.role, lines);
      entry.checkFurther();
      return entry;
    }

    private String word(String line, int index) {
      return lines.get(line).get(0).get(index);
    }

    /** What must hold beyond the form. */
    private void checkFurther() {
      require((Words.count(word("writer", 1)) == 0) == word("previous", 0).equals("-"), "number 0 alone has no previous");
      for (String times : List.of("recorded", "clock")) {
        List<String> words = lines.get(times).get(0);
        require(words.get(0).compareTo(words.get(words.size() - 1)) <= 0, "the last time is not before the first");
      }
      lines.forEach(this::checkPlaces);
      switch (kind) {
        case "batch" -> checkStretches();
        case "adopted" -> {
          for (List<String> block : lines.get("block")) {
            long[] numbers = counts(block, 2, 5);
            require(numbers[2] >= 1 && numbers[2] <= numbers[1] - numbers[0] + 1, "a block has rows, one an offset at most");
          }
        }
        case "retention" -> {
          require(Words.count(word("kept", 0)) == 0 == word("kept", 1).equals("-"), "kept leaves have a digest");
          YearMonth month = YearMonth.parse(word("month", 0));
          require(word("bounds", 0).equals(month + "-01T00:00:00.000000Z"), "the month begins at its bounds");
          require(word("bounds", 1).equals(month.plusMonths(1) + "-01T00:00:00.000000Z"), "the month ends at its bounds");
        }
        case "restored" -> require(
            Words.count(word("entries", 0)) <= Words.count(word("entries", 1)), "the log has the entries that the database had");
        case "key" -> {
          require(!lines.get("add").isEmpty() || !lines.get("revoke").isEmpty(), "a key is added or revoked");
          for (List<String> add : lines.get("add")) checkName(Key.parse(add.get(0)).name, add.get(1));
        }
        default -> {}
      }
    }

    /** The places of first and last in the words of a line, and of the incarnation; -1 where there is none. */
    private record Place(int incarnation, int first, int last) {}

    private static final Map<String, Place> PLACES =
        Map.of(
            "stretch", new Place(2, 3, 4),
            "record", new Place(2, 3, 4),
            "reset", new Place(2, -1, -1),
            "block", new Place(-1, 2, 3),
            "bus", new Place(-1, 0, 1),
            "position", new Place(2, -1, -1),
            "dropped", new Place(2, 4, 5),
            "lost", new Place(2, 3, 4));

    private void checkPlaces(String name, List<List<String>> found) {
      Place place = PLACES.get(name);
      if (place == null) return;
      for (List<String> words : found) {
        require(place.incarnation < 0 || Words.count(words.get(place.incarnation)) > 0, "incarnations begin with 1");
        if (place.first < 0 || words.size() <= place.last) continue;
        String first = words.get(place.first);
        String last = words.get(place.last);
        boolean ascends = name.equals("bus") ? first.compareTo(last) <= 0 : Words.count(first) <= Words.count(last);
        require(ascends, "the last of " + name + " is not before the first");
      }
    }

    private void checkName(String name, String role) {
      String origin = word("origin", 0);
      boolean named = role.equals("log") ? name.equals(origin) : name.startsWith(origin + "/") && name.length() > origin.length() + 1;
      require(named, "the name of a key is that of the log, or below it");
    }

    private void checkStretches() {
      List<String> before = null;
      for (List<String> stretch : lines.get("stretch")) {
        // first, last, rows, duplicates, quarantined, skipped, lost
        long[] numbers = counts(stretch, 3, 10);
        require(numbers[1] - numbers[0] + 1 == Arrays.stream(numbers, 2, 7).sum(), "the offsets add up");
        require(numbers[2] == 0 == stretch.get(10).equals("-"), "rows have a root");
        require(numbers[3] + numbers[4] + numbers[6] == 0 == stretch.get(11).equals("-"), "what is aside has a digest");
        require(
            before == null
                || !before.subList(0, 3).equals(stretch.subList(0, 3))
                || numbers[0] > Words.count(before.get(4)),
            "stretches do not overlap");
        before = stretch;
      }
    }

    private static long[] counts(List<String> words, int from, int to) {
      return words.subList(from, to).stream().mapToLong(Words::count).toArray();
    }
  }

  // ------------------------------------------------------------------------------------------------------ The log

  /** RFC 6962, section 2.1; the checks are those of RFC 9162, sections 2.1.3.2 and 2.1.4.2. */
  static final class Log {
    static byte[] leaf(String entry) {
      return Bytes.sha256(new byte[] {0}, Bytes.utf8(entry));
    }

    private static byte[] node(byte[] left, byte[] right) {
      return Bytes.sha256(new byte[] {1}, left, right);
    }

    static byte[] root(List<byte[]> leaves) {
      if (leaves.isEmpty()) return Bytes.sha256();
      if (leaves.size() == 1) return leaves.get(0);
      int half = Integer.highestOneBit(leaves.size() - 1);
      return node(root(leaves.subList(0, half)), root(leaves.subList(half, leaves.size())));
    }

    static void checkInclusion(byte[] leaf, long index, long size, List<byte[]> path, byte[] root) {
      require(index >= 0 && index < size, "the index is one of the log");
      long place = index;
      long last = size - 1;
      byte[] hash = leaf;
      for (byte[] other : path) {
        require(last > 0, "no hash is left");
        if (place % 2 == 1 || place == last) {
          hash = node(other, hash);
          while (place % 2 == 0 && place != 0) {
            place >>= 1;
            last >>= 1;
          }
        } else hash = node(hash, other);
        place >>= 1;
        last >>= 1;
      }
      require(last == 0 && Arrays.equals(hash, root), "the path leads to the root");
    }

    static void checkConsistency(long older, byte[] olderRoot, long size, byte[] root, List<byte[]> path) {
      require(older >= 0 && older <= size, "the older log is not larger");
      if (older == 0 || older == size) {
        require(path.isEmpty(), "there is nothing to prove");
        require(Arrays.equals(olderRoot, older == 0 ? Bytes.sha256() : root), "the roots are equal");
        return;
      }
      List<byte[]> hashes = new ArrayList<>(path);
      require(!hashes.isEmpty(), "a proof has hashes");
      if (Long.bitCount(older) == 1) hashes.add(0, olderRoot);
      long place = older - 1;
      long last = size - 1;
      while (place % 2 == 1) {
        place >>= 1;
        last >>= 1;
      }
      byte[] before = hashes.get(0);
      byte[] now = before;
      for (byte[] other : hashes.subList(1, hashes.size())) {
        require(last > 0, "no hash is left");
        if (place % 2 == 1 || place == last) {
          before = node(other, before);
          now = node(other, now);
          while (place % 2 == 0 && place != 0) {
            place >>= 1;
            last >>= 1;
          }
        } else now = node(now, other);
        place >>= 1;
        last >>= 1;
      }
      require(last == 0 && Arrays.equals(before, olderRoot) && Arrays.equals(now, root), "the proof leads to both roots");
    }

    private static final int TILE = 256;

    /** The tiles of hashes of a log that are not those of the older log, by level, then by number. */
    static List<String> newTiles(long older, long size) {
      Set<String> had = new HashSet<>(tiles(older));
      return tiles(size).stream().filter(tile -> !had.contains(tile)).toList();
    }

    private static List<String> tiles(long size) {
      List<String> tiles = new ArrayList<>();
      long hashes = size;
      for (int level = 0; hashes > 0; level++, hashes /= TILE) {
        for (long number = 0; number * TILE < hashes; number++) {
          tiles.add(tile(String.valueOf(level), number, (int) Math.min(TILE, hashes - number * TILE)));
        }
      }
      return tiles;
    }

    static String tile(String level, long number, int width) {
      String path = String.format("%03d", number % 1000);
      for (long rest = number / 1000; rest > 0; rest /= 1000) path = String.format("x%03d/", rest % 1000) + path;
      return "tile/" + level + "/" + path + (width == TILE ? "" : ".p/" + width);
    }

    static List<String> entries(byte[] bundle) {
      ByteBuffer in = ByteBuffer.wrap(bundle);
      List<String> entries = new ArrayList<>();
      while (in.hasRemaining()) {
        require(in.remaining() >= 2, "an entry has a length");
        int length = Short.toUnsignedInt(in.getShort());
        require(length <= in.remaining(), "an entry is complete");
        byte[] entry = new byte[length];
        in.get(entry);
        entries.add(Bytes.text(entry));
      }
      return entries;
    }
  }

  record Checkpoint(String origin, long size, byte[] root) {
    static Checkpoint parse(String text) {
      String[] lines = text.split("\n", -1);
      require(lines.length >= 4, "a checkpoint has three lines");
      require(List.of(lines).subList(0, lines.length - 1).stream().noneMatch(String::isEmpty), "no line is empty");
      return new Checkpoint(lines[0], Words.count(lines[1]), Bytes.hash(lines[2]));
    }
  }

  // --------------------------------------------------------------------------------------------- The trust policy

  /** {@code cosigned} says of the keys of a note whether a witness, or a group, has cosigned. */
  record Policy(List<Key> logs, List<Key> witnesses, Key root, Function<List<Key>, Boolean> quorum) {
    static Policy parse(String text) {
      List<Key> logs = new ArrayList<>();
      List<Key> witnesses = new ArrayList<>();
      List<Key> roots = new ArrayList<>();
      List<Function<List<Key>, Boolean>> quorums = new ArrayList<>();
      Map<String, Function<List<Key>, Boolean>> named = new HashMap<>();
      for (String line : text.split("\n")) {
        require(line.chars().noneMatch(c -> (c < ' ' && c != '\t') || c == 0x7f), "a policy has no control characters");
        String[] words = line.replaceAll("^[ \t]+|[ \t]+$", "").split("[ \t]+");
        if (words[0].isEmpty() || words[0].startsWith("#")) continue;
        switch (words[0]) {
          case "log" -> {
            require(words.length == 2 || words.length == 3, "a log has a key and perhaps a URL");
            add(logs, Key.parse(words[1]), Key.SIGNS);
          }
          case "root" -> {
            require(words.length == 2, "root has a key");
            add(roots, Key.parse(words[1]), Key.SIGNS);
          }
          case "witness" -> {
            require(words.length == 3 || words.length == 4, "a witness has a name, a key, and perhaps a URL");
            Key key = Key.parse(words[2]);
            add(witnesses, key, Key.COSIGNS);
            define(named, words[1], signedBy -> signedBy.contains(key));
          }
          case "group" -> define(named, words.length > 1 ? words[1] : "none", group(named, words));
          case "quorum" -> {
            require(words.length == 2, "a quorum is one name");
            boolean none = words[1].equals("none");
            require(none || named.containsKey(words[1]), "a name is defined before it is used");
            quorums.add(none ? signedBy -> true : named.get(words[1]));
          }
          default -> throw new Refused("no such line in a policy");
        }
      }
      require(quorums.size() == 1 && roots.size() == 1, "there is one quorum and one root");
      return new Policy(logs, witnesses, roots.get(0), quorums.get(0));
    }

    private static void add(List<Key> keys, Key key, int type) {
      require(key.type == type, "a key has the type of its use");
      require(keys.stream().noneMatch(other -> Arrays.equals(other.publicKey, key.publicKey)), "no key is there twice");
      keys.add(key);
    }

    private static <T> void define(Map<String, T> named, String name, T value) {
      require(!name.equals("none") && named.put(name, value) == null, "a name is defined once");
    }

    private static Function<List<Key>, Boolean> group(Map<String, Function<List<Key>, Boolean>> named, String[] words) {
      require(words.length >= 4, "a group has a name, a number, and members");
      List<String> names = List.of(words).subList(3, words.length);
      require(new HashSet<>(names).size() == names.size(), "a group has each member once");
      require(named.keySet().containsAll(names), "a name is defined before it is used");
      List<Function<List<Key>, Boolean>> members = names.stream().map(named::get).toList();
      long least =
          switch (words[2]) {
            case "all" -> members.size();
            case "any" -> 1;
            default -> Words.count(words[2]);
          };
      require(least >= 1 && least <= members.size(), "the number is one of the members");
      return signedBy -> members.stream().filter(member -> member.apply(signedBy)).count() >= least;
    }

    Checkpoint trusted(String note) {
      Note open = Note.open(note, Stream.concat(logs.stream(), witnesses.stream()).toList());
      Checkpoint checkpoint = Checkpoint.parse(open.text);
      require(
          open.signedBy.stream().anyMatch(key -> logs.contains(key) && key.name.equals(checkpoint.origin)),
          "a log of the policy has signed, whose name is the origin");
      require(quorum.apply(open.signedBy), "the quorum has cosigned");
      return checkpoint;
    }
  }

  // ------------------------------------------------------------------------------------ Bundles, and proofs of events

  /** A key of the log: what it may sign, and from which index on no more. */
  static final class Holder {
    final Key key;
    final String role;
    long revokedAt = Long.MAX_VALUE;

    Holder(Key key, String role) {
      this.key = key;
      this.role = role;
    }
  }

  /** An entry that a key may sign, with its index in the log. */
  record Said(Entry entry, long index, Holder by) {
    String word(String line, int index) {
      return entry.word(line, index);
    }

    List<List<String>> lines(String name) {
      return entry.lines.getOrDefault(name, List.of());
    }

    /** Microseconds since 1970. */
    long from() {
      return micros(word("recorded", 0));
    }

    long to() {
      List<String> words = lines("recorded").get(0);
      return micros(words.get(words.size() - 1));
    }

    static long micros(String time) {
      Instant instant = Instant.parse(time);
      return instant.getEpochSecond() * 1_000_000 + instant.getNano() / 1_000;
    }
  }

  /** Entries one after the other, and the keys that follow from them. */
  static final class Believed {
    private final String origin;
    private final boolean whole;
    private final List<Holder> holders = new ArrayList<>();
    private final Map<String, String> last = new HashMap<>();
    private final List<Said> said = new ArrayList<>();

    /** {@code whole}: all entries are taken, so that those of each writer have no hole. */
    Believed(String origin, Policy policy, boolean whole) {
      this.origin = origin;
      this.whole = whole;
      holders.add(new Holder(policy.root, "root"));
    }

    void take(String note, long index) {
      List<Key> known = holders.stream().map(holder -> holder.key).toList();
      Entry entry = Entry.open(note, known);
      Key signer = Note.open(note, known).signedBy.get(0);
      Holder by = holders.stream().filter(holder -> holder.key == signer).findFirst().orElseThrow();
      require(entry.word("origin", 0).equals(origin), "entry " + index + " is of this log");
      require(by.role.equals(entry.role), "entry " + index + " is signed by a key of its role");
      String own = entry.word("writer", 0);
      String previous = entry.word("writer", 1) + " " + entry.word("previous", 0);
      require(!whole || previous.equals(last.getOrDefault(own, "0 -")), "entry " + index + " follows that before it");
      String digest = Bytes.base64(Bytes.sha256(Bytes.utf8(note)));
      last.put(own, Words.count(entry.word("writer", 1)) + 1 + " " + digest);
      said.add(new Said(entry, index, by));
      if (!entry.kind.equals("key")) return;
      for (List<String> add : entry.lines.get("add")) {
        Key key = Key.parse(add.get(0));
        require(
            holders.stream().noneMatch(holder -> Arrays.equals(holder.key.publicKey, key.publicKey)), "a key is added once");
        holders.add(new Holder(key, add.get(1)));
      }
      for (List<String> revoke : entry.lines.get("revoke")) {
        String id = revoke.get(0).split("\\+")[1];
        String name = revoke.get(0).split("\\+")[0];
        for (Holder holder : holders) {
          if (holder.key.name.equals(name) && holder.key.id.equals(id))
            holder.revokedAt = Math.min(holder.revokedAt, Words.count(revoke.get(1)));
        }
      }
    }

    List<Said> all() {
      for (Said each : said) require(each.index < each.by.revokedAt, "entry " + each.index + " is signed before a revocation");
      return said;
    }
  }

  /** Rows that one line of an entry accounts for. */
  static final class Lot {
    final String stream;
    final String topic;
    final long partition;
    final long incarnation;
    final long first;
    final long last;
    final long rows;
    final String root;
    final String aside;
    final long from;
    final long to;
    final boolean adopted;
    final Set<String> ids;
    final TreeMap<Long, String> lines = new TreeMap<>();
    final TreeMap<Long, Long> ends = new TreeMap<>();
    final TreeMap<String, byte[]> leaves = new TreeMap<>();
    long live = 0;

    Lot(Said said, String stream, String[] place, long[] numbers, String root, String aside, Set<String> ids) {
      this.stream = stream;
      topic = place[0];
      partition = Long.parseLong(place[1]);
      incarnation = Long.parseLong(place[2]);
      first = numbers[0];
      last = numbers[1];
      rows = numbers[2];
      this.root = root;
      this.aside = aside;
      this.ids = ids;
      adopted = said.entry.kind.equals("adopted");
      from = adopted ? Long.MIN_VALUE : said.from();
      to = said.to();
    }

    boolean isAside(long offset) {
      Map.Entry<Long, Long> line = ends.floorEntry(offset);
      return line != null && offset <= line.getValue();
    }

    boolean has(long offset) {
      return first <= offset && offset <= last && !isAside(offset);
    }

    void put(String key, byte[] leaf, boolean isLive) {
      require(leaves.put(key, leaf) == null, "a row is there once: " + topic + " " + key);
      if (isLive) live++;
    }

    /** Offsets sorted as numbers. */
    static String key(long offset) {
      return String.format("%020d", offset);
    }
  }

  /** A folder that `eventtrail proof export` writes: refused at the first thing that does not hold. */
  static final class Bundle {
    private final Path folder;
    private final Map<String, List<List<Lot>>> streams = new LinkedHashMap<>();
    private final Map<String, Long> starts = new HashMap<>();
    private final List<Lot> lots = new ArrayList<>();
    private final Map<String, Said> retried = new HashMap<>();
    private final Set<String> taken = new HashSet<>();
    private final Map<String, byte[]> redacted = new HashMap<>();
    private final List<Said> retentions = new ArrayList<>();
    private final List<List<String>> losses = new ArrayList<>();
    private final Set<String> prefixes = new HashSet<>();
    private final List<Said> resets = new ArrayList<>();
    private final Map<String, Long> gone = new HashMap<>();
    private int restores = 0;

    Bundle(Path folder) {
      this.folder = folder;
    }

    private byte[] read(String path) throws IOException {
      return Files.readAllBytes(folder.resolve(path));
    }

    void check(Policy policy) throws IOException {
      Map<String, Object> manifest =
          Files.exists(folder.resolve("manifest.json"))
              ? Json.object(Json.read(Bytes.text(read("manifest.json"))))
              : Map.of();
      boolean withRows = !Boolean.FALSE.equals(manifest.get("rows"));
      String month = (String) manifest.get("month");
      Checkpoint checkpoint = policy.trusted(Bytes.text(read("log/checkpoint")));
      List<byte[]> hashes = new ArrayList<>();
      Believed believed = new Believed(checkpoint.origin, policy, true);
      for (long number = 0; number * Log.TILE < checkpoint.size; number++) {
        int width = (int) Math.min(Log.TILE, checkpoint.size - number * Log.TILE);
        List<String> entries = Log.entries(read("log/" + Log.tile("entries", number, width)));
        require(entries.size() == width, "a file of entries has as many as its name says");
        for (String entry : entries) {
          believed.take(entry, hashes.size());
          hashes.add(Log.leaf(entry));
        }
      }
      require(Arrays.equals(Log.root(hashes), checkpoint.root), "the entries have the root of the checkpoint");
      if (Files.exists(folder.resolve("log/unsealed"))) {
        long index = checkpoint.size;
        for (String entry : Log.entries(read("log/unsealed"))) believed.take(entry, index++);
      }
      for (Said each : believed.all()) take(each);
      join();
      lists();
      if (!withRows) return;
      for (Path file : files()) rows(Files.readAllBytes(file));
      close(month);
    }

    private List<Path> files() throws IOException {
      if (!Files.isDirectory(folder.resolve("rows"))) return List.of();
      try (Stream<Path> all = Files.list(folder.resolve("rows"))) {
        return all.filter(path -> path.toString().endsWith(".copy")).sorted().toList();
      }
    }

    private static String stream(Said said, String topic, String partition, String incarnation) {
      return String.join("\n", said.word("group", 0), said.word("prefix", 0), topic, partition, incarnation);
    }

    private void add(Lot lot) {
      lots.add(lot);
      if (lot.ids != null) return;
      List<List<Lot>> parts = streams.computeIfAbsent(lot.stream, key -> new ArrayList<>());
      while (parts.size() <= restores) parts.add(new ArrayList<>());
      parts.get(restores).add(lot);
    }

    private static long[] three(List<String> words, int... at) {
      return Arrays.stream(at).mapToLong(index -> Words.count(words.get(index))).toArray();
    }

    private void take(Said said) {
      if (said.entry.lines.containsKey("prefix")) prefixes.add((String) Json.read(said.word("prefix", 0)));
      switch (said.entry.kind) {
        case "batch" -> {
          for (List<String> line : said.lines("stretch")) {
            String[] place = {line.get(0), line.get(1), line.get(2)};
            String own = stream(said, line.get(0), line.get(1), line.get(2));
            add(new Lot(said, own, place, three(line, 3, 4, 5), line.get(10), line.get(11), null));
          }
        }
        case "adopted" -> {
          String prefix = (String) Json.read(said.word("prefix", 0));
          for (List<String> line : said.lines("position"))
            starts.put(stream(said, line.get(0), line.get(1), line.get(2)), Words.count(line.get(3)));
          for (List<String> line : said.lines("block")) {
            String topic = prefix + line.get(0);
            String[] place = {topic, line.get(1), "0"};
            add(new Lot(said, "adopted\n" + topic + "\n" + line.get(1), place, three(line, 2, 3, 4), line.get(5), "-", null));
          }
          for (List<String> line : said.lines("bus")) {
            Set<String> range = Set.of(line.get(0), line.get(1));
            long[] numbers = {0, 0, Words.count(line.get(2))};
            add(new Lot(said, "", new String[] {"bus", "0", "0"}, numbers, line.get(3), "-", range));
          }
        }
        case "bus" -> {
          Set<String> ids = new HashSet<>();
          for (List<String> line : said.lines("id")) {
            ByteBuffer id = ByteBuffer.wrap(Base64.getUrlDecoder().decode(line.get(0)));
            ids.add(new UUID(id.getLong(), id.getLong()).toString());
          }
          add(new Lot(said, "", new String[] {"bus", "0", "0"}, new long[] {0, 0, ids.size()}, said.word("root", 0), "-", ids));
        }
        case "reset" -> {
          resets.add(said);
          for (List<String> line : said.lines("reset"))
            starts.put(stream(said, line.get(0), line.get(1), line.get(2)), Words.count(line.get(4)));
        }
        case "retry" -> retried.put(said.word("event", 0), said);
        case "redaction" -> redacted.put(said.word("event", 0), Bytes.hash(said.word("leaf", 0)));
        case "retention" -> retentions.add(said);
        case "loss" -> losses.addAll(said.lines("lost"));
        case "restored" -> restores++;
        default -> {}
      }
    }

    /** Stretches of a stream meet, in the order of their offsets, before and after each restore. */
    private void join() {
      Map<String, Long> ends = new HashMap<>(starts);
      for (Map.Entry<String, List<List<Lot>>> stream : streams.entrySet()) {
        if (stream.getKey().startsWith("adopted\n")) continue;
        Long next = starts.get(stream.getKey());
        require(next != null || stream.getKey().endsWith("\n1"), "an incarnation begins with a reset");
        boolean again = false;
        for (List<Lot> part : stream.getValue()) {
          part.sort(Comparator.comparingLong(lot -> lot.first));
          boolean begins = true;
          for (Lot lot : part) {
            require(next == null || lot.first == next || (again && begins && lot.first < next), "stretches meet at " + next);
            next = lot.last + 1;
            begins = false;
          }
          again = true;
        }
        ends.put(stream.getKey(), next);
      }
      if (restores > 0) return;
      for (Said said : resets) {
        for (List<String> line : said.lines("reset")) {
          String before = String.valueOf(Words.count(line.get(2)) - 1);
          Long end = ends.get(stream(said, line.get(0), line.get(1), before));
          require(end == null || end == Words.count(line.get(3)), "a reset begins where the incarnation before ends");
        }
      }
    }

    private List<Value> list(String name) throws IOException {
      Path file = folder.resolve("lists/" + name + ".ndjson");
      if (!Files.exists(file)) return List.of();
      List<Value> lines = new ArrayList<>();
      for (String line : Bytes.text(Files.readAllBytes(file)).split("\n"))
        if (!line.isEmpty()) lines.add(new Value(name, Json.read(line)));
      return lines;
    }

    private void line(Value line, long first, long last, String text) {
      require(first >= 0 && first <= last, "a line has offsets");
      String group = Json.write(line.get("group").text());
      for (Lot lot : lots) {
        if (lot.ids != null || lot.adopted || !lot.stream.startsWith(group + "\n") || !lot.topic.equals(line.get("topic").text())) continue;
        if (lot.partition != line.number("partition") || lot.incarnation != line.number("incarnation")) continue;
        if (first < lot.first || first > lot.last) continue;
        require(lot.lines.put(first, text) == null, "an offset is in a list once");
        lot.ends.put(first, last);
      }
    }

    private void lists() throws IOException {
      for (Value each : list("duplicates")) {
        long offset = each.number("offset");
        line(each, offset, offset, "d " + offset + " " + each.get("event_id").text() + "\n");
      }
      for (Value each : list("quarantine")) {
        long first = each.number("offset");
        long last = each.number("last");
        String what = each.get("code").text() + " " + each.text("digest") + "\n";
        line(each, first, last, first == last ? "q " + first + " " + what : "b " + first + " " + last + " " + what);
      }
      for (Value each : list("gaps"))
        line(each, each.number("first"), each.number("last"), "l " + each.number("first") + " " + each.number("last") + "\n");
      for (Lot lot : lots) {
        if (lot.ids != null || lot.adopted) continue;
        String all = String.join("", lot.lines.values());
        require(all.isEmpty() == lot.aside.equals("-"), "lists have what entries say: " + lot.topic);
        require(all.isEmpty() || Arrays.equals(Digests.aside(all), Bytes.hash(lot.aside)), "lists have their digest");
      }
      List<Value> kept = list("kept");
      for (Said retention : retentions) {
        List<byte[]> own =
            kept.stream().filter(each -> each.number("retention") == retention.index).map(each -> each.hash("leaf")).toList();
        require(own.size() == Words.count(retention.word("kept", 0)), "as many leaves are kept");
        require(own.isEmpty() || Arrays.equals(Digests.kept(own), Bytes.hash(retention.word("kept", 1))), "kept leaves");
      }
      for (Value each : kept) {
        String id = each.get("event_id").text();
        for (Lot lot : lots) {
          if (each.isNull("offset")) {
            if (isOf(lot, id)) lot.put(id, each.hash("leaf"), false);
          } else if (lot.ids == null
              && lot.topic.equals(each.get("topic").text())
              && lot.partition == each.number("partition")
              && (lot.adopted || lot.incarnation == each.number("incarnation"))
              && lot.has(each.number("offset"))) {
            lot.put(Lot.key(each.number("offset")), each.hash("leaf"), false);
          }
        }
      }
    }

    private static boolean isOf(Lot lot, String id) {
      if (lot.ids == null) return false;
      if (!lot.adopted) return lot.ids.contains(id);
      List<String> range = lot.ids.stream().sorted().toList();
      return range.get(0).compareTo(id) <= 0 && id.compareTo(range.get(range.size() - 1)) <= 0;
    }

    /** Binary COPY: rows with the time as a twelfth column. */
    private void rows(byte[] file) {
      ByteBuffer in = ByteBuffer.wrap(file);
      byte[] head = new byte[19];
      require(file.length >= 21, "a file of rows has a head");
      in.get(head);
      require(Arrays.equals(head, Bytes.join("PGCOPY\n".getBytes(UTF_8), new byte[] {(byte) 0xff, '\r', '\n', 0}, new byte[8])), "it is COPY");
      while (true) {
        int start = in.position();
        require(in.remaining() >= 2, "a file of rows has an end");
        int columns = in.getShort();
        if (columns == -1) return;
        require(columns == 12, "a row has its time");
        int end = start;
        long recorded = 0;
        for (int column = 0; column < 12; column++) {
          require(in.remaining() >= 4, "a column has a length");
          int length = in.getInt();
          require(length >= -1 && length <= in.remaining(), "a column is whole");
          if (column == 11) {
            require(length == 8, "a row has its time");
            recorded = in.getLong(in.position()) + Row.MICROS_1970_TO_2000;
          }
          in.position(in.position() + Math.max(0, length));
          if (column == 10) end = in.position();
        }
        row(Row.parse(Bytes.join(Bytes.int16(11), Arrays.copyOfRange(file, start + 2, end))), recorded);
      }
    }

    private void row(Row row, long recorded) {
      byte[] leaf = row.payload.equals("{}") && redacted.containsKey(row.id.toString()) ? redacted.get(row.id.toString()) : row.leaf();
      String id = row.id.toString();
      Said retry = retried.get(id);
      if (retry != null && row.offset != null && Words.count(retry.lines("record").get(0).get(3)) == row.offset) {
        require(taken.add(id), "a row from quarantine is there once");
        require(Arrays.equals(leaf, Bytes.hash(retry.word("leaf", 0))), "a row from quarantine is that of its entry");
        require(recorded == retry.from(), "a row from quarantine has the time of its entry");
        return;
      }
      List<Lot> found = new ArrayList<>();
      for (Lot lot : lots) {
        boolean fits =
            row.offset == null
                ? isOf(lot, id)
                : lot.ids == null
                    && lot.partition == row.partition
                    && lot.has(row.offset)
                    && prefixes.stream().anyMatch(prefix -> lot.topic.equals(prefix + row.eventName));
        if (fits) found.add(lot);
      }
      List<Lot> inTime = found.stream().filter(lot -> lot.from <= recorded && recorded <= lot.to).toList();
      require(!inTime.isEmpty(), "an entry of its time accounts for the row " + id);
      Lot chosen = inTime.stream().filter(lot -> !lot.adopted).reduce((one, other) -> other).orElse(inTime.get(0));
      for (Lot lot : found)
        if (lot == chosen || (lot.ids == null && lot.stream.equals(chosen.stream)))
          lot.put(row.offset == null ? id : Lot.key(row.offset), leaf, true);
    }

    private boolean isOfMonth(Said retention, String id) {
      long micros = Long.parseLong(id.replace("-", "").substring(0, 12), 16) * 1_000;
      return Said.micros(retention.word("bounds", 0)) <= micros && micros < Said.micros(retention.word("bounds", 1));
    }

    private static boolean overlaps(List<String> line, int first, int last, Lot lot) {
      return lot.ids == null
          && line.get(0).equals(lot.topic)
          && Words.count(line.get(1)) == lot.partition
          && (lot.adopted || Words.count(line.get(2)) == lot.incarnation)
          && Words.count(line.get(first)) <= lot.last
          && lot.first <= Words.count(line.get(last));
    }

    private void close(String month) {
      long from = month == null ? Long.MIN_VALUE : Said.micros(month + "-01T00:00:00Z");
      long to = month == null ? Long.MAX_VALUE : Said.micros(YearMonth.parse(month).plusMonths(1) + "-01T00:00:00Z");
      for (Lot lot : lots) {
        boolean isOutside = month != null && (lot.adopted || lot.to < from || lot.from >= to);
        require(lot.leaves.size() <= lot.rows, "no row was added to " + lot.topic);
        if (lot.leaves.size() == lot.rows) {
          if (lot.rows > 0)
            require(Arrays.equals(Stretch.root(List.copyOf(lot.leaves.values())), Bytes.hash(lot.root)), "rows of " + lot.topic + " are those that were recorded");
          count(lot, lot.rows - lot.live);
          continue;
        }
        if (isOutside) continue;
        boolean isDropped =
            lot.ids == null
                ? retentions.stream().anyMatch(each -> each.lines("dropped").stream().anyMatch(line -> overlaps(line, 4, 5, lot)))
                : lot.ids.stream().allMatch(id -> retentions.stream().anyMatch(each -> isOfMonth(each, id)));
        if (lot.live == 0 && isDropped) count(lot, lot.rows);
        else require(losses.stream().anyMatch(line -> overlaps(line, 3, 4, lot)), "rows of " + lot.topic + " are not missing");
      }
      for (Map.Entry<String, Said> each : retried.entrySet()) {
        if (taken.contains(each.getKey()) || each.getValue().to() < from || each.getValue().from() >= to) continue;
        List<String> record = each.getValue().lines("record").get(0);
        if (retentions.stream().anyMatch(retention -> isOfMonth(retention, each.getKey())))
          gone.merge(record.get(0) + "/" + record.get(1), 1L, Long::sum);
        else
          require(
              losses.stream()
                  .anyMatch(
                      line ->
                          line.subList(0, 3).equals(record.subList(0, 3))
                              && Words.count(line.get(3)) <= Words.count(record.get(3))
                              && Words.count(record.get(3)) <= Words.count(line.get(4))),
              "a row from quarantine is not missing");
      }
      if (restores > 0) return;
      Map<String, Long> dropped = new HashMap<>();
      for (Said retention : retentions) {
        long rest = Words.count(retention.word("rows", 0));
        for (List<String> line : retention.lines("dropped")) {
          dropped.merge(line.get(0) + "/" + line.get(1), Words.count(line.get(3)), Long::sum);
          rest -= Words.count(line.get(3));
        }
        dropped.merge("bus", rest, Long::sum);
      }
      gone.forEach((place, rows) -> require(rows <= dropped.getOrDefault(place, 0L), "no more rows are gone than were dropped"));
    }

    private void count(Lot lot, long rows) {
      if (rows > 0) gone.merge(lot.ids == null ? lot.topic + "/" + lot.partition : "bus", rows, Long::sum);
    }
  }

  /** A file {@code .eventproof}. */
  static final class EventProof {
    private record Included(long index, List<byte[]> path, String checkpoint) {
      static Included parse(String text) {
        int end = text.indexOf("\n\n");
        require(end > 0, "a proof ends with an empty line");
        List<String> lines = new ArrayList<>(List.of(text.substring(0, end).split("\n", -1)));
        require(lines.remove(0).equals("c2sp.org/tlog-proof@v1"), "it is a tlog-proof");
        if (!lines.isEmpty() && lines.get(0).startsWith("extra ")) lines.remove(0);
        require(!lines.isEmpty() && lines.get(0).startsWith("index "), "it has an index");
        long index = Words.count(lines.remove(0).substring(6));
        return new Included(index, lines.stream().map(Bytes::hash).toList(), text.substring(end + 2));
      }
    }

    static void check(String text, Policy policy) {
      Value proof = new Value("proof", Json.read(text));
      require(proof.get("format").text().equals("eventtrail/row-proof@v1"), "the format is known");
      Row row = Row.parse(proof.bytes("row"));
      Included own = Included.parse(proof.get("proof").text());
      Checkpoint checkpoint = policy.trusted(own.checkpoint);
      TreeMap<Long, String> entries = new TreeMap<>();
      List<Value> all = new ArrayList<>(proof.get("keys").list());
      all.add(proof);
      for (Value each : all) {
        Included included = Included.parse(each.get("proof").text());
        require(included.checkpoint.equals(own.checkpoint), "all proofs have one checkpoint");
        String entry = each.get("entry").text();
        Log.checkInclusion(Log.leaf(entry), included.index, checkpoint.size, included.path, checkpoint.root);
        entries.put(included.index, entry);
      }
      Believed believed = new Believed(checkpoint.origin, policy, false);
      entries.forEach((index, entry) -> believed.take(entry, index));
      Said said = believed.all().stream().filter(each -> each.index == own.index).findFirst().orElseThrow();
      prove(proof, row, said);
    }

    private static void prove(Value proof, Row row, Said said) {
      String name = proof.get("line").text();
      int number = (int) proof.number("number");
      long index = proof.number("index");
      String topic = said.entry.lines.containsKey("prefix") ? Json.read(said.word("prefix", 0)) + row.eventName : "";
      Map<String, String> kinds = Map.of("stretch", "batch", "block", "adopted", "bus", "adopted", "root", "bus", "leaf", "retry");
      require(said.entry.kind.equals(kinds.get(name)), "the entry has such a line");
      List<List<String>> lines = said.lines(name);
      require(number >= 0 && number < lines.size(), "the entry has so many lines");
      List<String> line = lines.get(number);
      switch (name) {
        case "stretch", "block" -> {
          int at = name.equals("stretch") ? 3 : 2;
          String place = name.equals("stretch") ? topic : row.eventName;
          require(line.get(0).equals(place) && row.partition != null, "the row is of the topic");
          require(Words.count(line.get(1)) == row.partition, "the row is of the partition");
          long first = Words.count(line.get(at));
          require(first + index <= row.offset && row.offset <= Words.count(line.get(at + 1)), "the row is of the stretch");
          Stretch.check(row.leaf(), index, Words.count(line.get(at + 2)), path(proof), Bytes.hash(line.get(name.equals("stretch") ? 10 : 5)));
        }
        case "bus" -> {
          String id = row.id.toString();
          require(row.offset == null && line.get(0).compareTo(id) <= 0 && id.compareTo(line.get(1)) <= 0, "the row is of the ids");
          Stretch.check(row.leaf(), index, Words.count(line.get(2)), path(proof), Bytes.hash(line.get(3)));
        }
        case "root" -> {
          List<String> ids =
              said.lines("id").stream()
                  .map(id -> Bytes.hex(Base64.getUrlDecoder().decode(id.get(0))))
                  .sorted()
                  .toList();
          require(row.offset == null && ids.indexOf(row.id.toString().replace("-", "")) == index, "the row is of its id");
          Stretch.check(row.leaf(), index, ids.size(), path(proof), Bytes.hash(line.get(0)));
        }
        default -> {
          List<String> record = said.lines("record").get(0);
          require(record.get(0).equals(topic) && said.word("event", 0).equals(row.id.toString()), "the row is of the record");
          require(Words.count(record.get(1)) == row.partition && Words.count(record.get(3)) == row.offset, "and of its place");
          require(Arrays.equals(row.leaf(), Bytes.hash(line.get(0))), "the row is that of the entry");
        }
      }
    }

    private static List<Stretch.Step> path(Value proof) {
      return proof.get("path").list().stream()
          .map(step -> new Stretch.Step((int) step.number("place"), step.hashes("others")))
          .toList();
    }
  }

  // -------------------------------------------------------------------------------------------------- The vectors

  /** A value of the vectors, with the way to it. */
  record Value(String way, Object json) {
    Value get(String name) {
      Map<String, Object> members = Json.object(json);
      require(members.containsKey(name), way + " has " + name);
      return new Value(way + "." + name, members.get(name));
    }

    boolean isNull(String name) {
      return get(name).json == null;
    }

    /** A list that is empty would be a section that passes without a check. */
    List<Value> each() {
      require(json instanceof List<?> list && !list.isEmpty(), way + " has vectors");
      return list();
    }

    List<Value> list() {
      require(json instanceof List, way + " is a list");
      List<?> list = (List<?>) json;
      return IntStream.range(0, list.size()).mapToObj(i -> new Value(way + "[" + i + "]", list.get(i))).toList();
    }

    String text() {
      require(json instanceof String, way + " is a string");
      return (String) json;
    }

    String text(String name) {
      return isNull(name) ? null : get(name).text();
    }

    long number(String name) {
      Object value = get(name).json;
      return Long.parseLong(value instanceof Json.Number number ? number.text() : get(name).text());
    }

    byte[] hash(String name) {
      return Bytes.hash(get(name).text());
    }

    byte[] bytes(String name) {
      return isNull(name) ? null : Bytes.base64(get(name).text());
    }

    List<byte[]> hashes(String name) {
      return get(name).list().stream().map(hash -> Bytes.hash(hash.text())).toList();
    }

    List<Key> keys(String name) {
      return get(name).each().stream().map(key -> Key.parse(key.text())).toList();
    }
  }

  static final class Vectors {
    private interface Section {
      void check(Value section);
    }

    private final Map<String, Object> all;
    private final List<String> faults = new ArrayList<>();
    private int checked = 0;

    Vectors(Map<String, Object> all) {
      this.all = all;
    }

    boolean hold() {
      Map<String, Section> sections = new LinkedHashMap<>();
      sections.put("canonical_json", this::canonicalJson);
      sections.put("rows", this::rows);
      sections.put("stretches", this::stretches);
      sections.put("digests", this::digests);
      sections.put("notes", this::notes);
      sections.put("entries", this::entries);
      sections.put("log", this::log);
      sections.put("tiles", this::tiles);
      sections.put("checkpoints", this::checkpoints);
      boolean hold = true;
      for (Map.Entry<String, Section> section : sections.entrySet()) {
        checked = 0;
        faults.clear();
        holds(section.getKey(), false, () -> section.getValue().check(section(section.getKey())));
        System.out.println(
            section.getKey() + ": " + (faults.isEmpty() ? checked + " vectors hold" : faults.size() + " faults"));
        faults.forEach(fault -> System.out.println("  " + fault));
        hold &= faults.isEmpty();
      }
      for (String name : all.keySet()) {
        if (sections.containsKey(name) || name.equals("about")) continue;
        System.out.println(name + ": this verifier does not know the section");
        hold = false;
      }
      return hold;
    }

    private Value section(String name) {
      return new Value(name, new Value("vectors", all).get(name).json);
    }

    private void holds(Value vector, Runnable check) {
      holds(vector.way, true, check);
    }

    private void holds(String way, boolean counts, Runnable check) {
      if (counts) checked++;
      try {
        check.run();
      } catch (Refused reason) {
        faults.add(way + ": " + reason.getMessage());
      } catch (RuntimeException error) {
        faults.add(way + ": this verifier failed: " + error);
      }
    }

    /** Only what this verifier says it refuses is refused: a failure of its own is a fault. */
    private void refuses(Value vector, Runnable check) {
      checked++;
      refusesToo(vector, "", check);
    }

    /** What is altered of a valid vector, which adds none to their number. */
    private void refusesToo(Value vector, String altered, Runnable check) {
      try {
        check.run();
        faults.add(vector.way + altered + " was not refused");
      } catch (Refused expected) {
        // As it must be.
      } catch (RuntimeException error) {
        faults.add(vector.way + altered + ": this verifier failed: " + error);
      }
    }

    private static void equal(byte[] is, byte[] must, String what) {
      require(Arrays.equals(is, must), what + " is " + Bytes.base64(must) + ", and was " + Bytes.base64(is));
    }

    private void canonicalJson(Value section) {
      for (Value vector : section.get("valid").each()) {
        holds(
            vector,
            () -> {
              String canonical = vector.text("canonical");
              require(Json.canonical(vector.text("text")).equals(canonical), "the canonical form is " + canonical);
              require(Json.canonical(canonical).equals(canonical), "the canonical form is its own");
            });
      }
      for (Value vector : section.get("invalid").each()) {
        String text = vector.text();
        refuses(vector, () -> Json.canonical(text));
      }
    }

    private void rows(Value section) {
      for (Value vector : section.each()) {
        holds(
            vector,
            () -> {
              byte[] bytes = Bytes.hex(vector.text("row_hex"));
              Row row = row(vector);
              equal(row.bytes(), bytes, "the row");
              require(Row.parse(bytes).equals(row), "the row that is read has these columns");
              equal(Bytes.sha256(bytes), vector.hash("leaf"), "the leaf");
              refusesToo(vector, " without its last byte", () -> Row.parse(Arrays.copyOf(bytes, bytes.length - 1)));
              refusesToo(vector, " with a byte more", () -> Row.parse(Arrays.copyOf(bytes, bytes.length + 1)));
            });
      }
    }

    private static Row row(Value vector) {
      return new Row(
          UUID.fromString(vector.text("id")),
          UUID.fromString(vector.text("aggregate_id")),
          vector.number("occurred_at_micros"),
          vector.text("event_name"),
          Json.canonical(vector.text("payload")),
          (short) vector.number("schema_version"),
          vector.text("source"),
          vector.text("actor"),
          vector.text("traceparent"),
          vector.isNull("kafka_partition") ? null : (int) vector.number("kafka_partition"),
          vector.isNull("kafka_offset") ? null : vector.number("kafka_offset"));
    }

    /** The first row at successive offsets, from its own on. */
    private List<byte[]> leaves(long rows) {
      Row first = row(section("rows").each().get(0));
      List<byte[]> leaves = new ArrayList<>();
      for (long i = 0; i < rows; i++) leaves.add(first.at(first.offset + i).leaf());
      return leaves;
    }

    private void stretches(Value section) {
      List<Value> roots = section.get("roots").each();
      List<byte[]> leaves = leaves(roots.stream().mapToLong(vector -> vector.number("rows")).max().getAsLong());
      for (Value vector : roots) {
        holds(
            vector,
            () -> equal(Stretch.root(leaves.subList(0, (int) vector.number("rows"))), vector.hash("root"), "the root"));
      }
      for (Value vector : section.get("paths").each()) {
        holds(
            vector,
            () -> {
              long rows = vector.number("rows");
              int index = (int) vector.number("index");
              byte[] leaf = vector.hash("leaf");
              byte[] root = vector.hash("root");
              List<Stretch.Step> path =
                  vector.get("path").list().stream()
                      .map(step -> new Stretch.Step((int) step.number("place"), step.hashes("others")))
                      .toList();
              equal(leaf, leaves.get(index), "the leaf");
              equal(root, Stretch.root(leaves.subList(0, (int) rows)), "the root");
              Stretch.check(leaf, index, rows, path, root);
              List<Stretch.Step> longer = new ArrayList<>(path);
              longer.add(new Stretch.Step(0, List.of(root)));
              refusesToo(vector, " with a step more", () -> Stretch.check(leaf, index, rows, longer, root));
              refusesToo(vector, " of the next row", () -> Stretch.check(leaf, index + 1, rows, path, root));
              refusesToo(vector, " of another row", () -> Stretch.check(root.clone(), index, rows + 16, path, root));
              if (path.isEmpty()) return;
              List<Stretch.Step> shorter = path.subList(0, path.size() - 1);
              refusesToo(vector, " without a step", () -> Stretch.check(leaf, index, rows, shorter, root));
            });
      }
    }

    private void digests(Value section) {
      Value aside = section.get("aside");
      holds(aside, () -> equal(Digests.aside(aside.text("lines")), aside.hash("digest"), "the digest"));
      for (Value vector : section.get("quarantined").each()) {
        holds(
            vector,
            () ->
                equal(
                    Digests.quarantined(
                        vector.number("timestamp"), vector.bytes("key"), vector.bytes("value"), vector.text("headers")),
                    Bytes.hex(vector.text("digest_hex")),
                    "the digest"));
      }
      Value words = section.get("words");
      holds(
          words,
          () ->
              equal(
                  Digests.words(Bytes.hex(words.text("salt_hex")), words.text("words")),
                  words.hash("digest"),
                  "the digest"));
      Value kept = section.get("kept");
      holds(kept, () -> equal(Digests.kept(leaves(kept.number("rows"))), kept.hash("digest"), "the digest"));
    }

    private void notes(Value section) {
      for (Value vector : section.get("valid").each()) {
        holds(
            vector,
            () -> {
              List<String> signed = vector.get("signed").each().stream().map(Value::text).toList();
              Note note = Note.open(vector.text("note"), vector.keys("vkeys"));
              require(note.signedBy.stream().map(Key::name).toList().equals(signed), "these keys have signed: " + signed);
            });
      }
      for (Value vector : section.get("invalid").each()) {
        String note = vector.text("note");
        List<String> keys = vector.get("vkeys").each().stream().map(Value::text).toList();
        refuses(vector, () -> Note.open(note, keys.stream().map(Key::parse).toList()));
      }
    }

    private void entries(Value section) {
      Value signed = section.get("signed");
      holds(
          signed,
          () -> {
            Key key = Key.parse(signed.text("vkey"));
            Entry entry = Entry.open(signed.text("note"), List.of(key));
            String origin = entry.word("origin", 0);
            require(key.name.startsWith(origin + "/"), "the name of the key is below that of the log");
          });
      for (Value vector : section.get("valid").each()) {
        holds(
            vector,
            () -> {
              Entry entry = Entry.parse(vector.text("text"));
              require(entry.kind.equals(vector.text("kind")), "the kind is " + vector.text("kind"));
              require(entry.role.equals(vector.text("role")), "the role is " + vector.text("role"));
            });
      }
      for (Value vector : section.get("invalid").each()) {
        String text = vector.text("text");
        refuses(vector, () -> Entry.parse(text));
      }
      Set<String> kinds = section.get("valid").each().stream().map(v -> v.text("kind")).collect(Collectors.toSet());
      require(kinds.equals(Entry.KINDS.keySet()), "there is a valid entry of each kind");
    }

    /** The hashes of the entries "entry 0", "entry 1" and so on. */
    private static List<byte[]> logLeaves(long size) {
      return IntStream.range(0, (int) size).mapToObj(i -> Log.leaf("entry " + i)).toList();
    }

    private void log(Value section) {
      holds(section.get("empty_root"), () -> equal(Log.root(List.of()), section.hash("empty_root"), "the root"));
      for (Value vector : section.get("roots").each()) {
        holds(vector, () -> equal(Log.root(logLeaves(vector.number("size"))), vector.hash("root"), "the root"));
      }
      for (Value vector : section.get("inclusion").each()) {
        holds(
            vector,
            () -> {
              long index = vector.number("index");
              long size = vector.number("size");
              List<byte[]> leaves = logLeaves(size);
              byte[] root = Log.root(leaves);
              List<byte[]> path = vector.hashes("path");
              byte[] leaf = leaves.get((int) index);
              Log.checkInclusion(leaf, index, size, path, root);
              refusesToo(vector, " of another entry", () -> Log.checkInclusion(root.clone(), index, size * 2, path, root));
              List<byte[]> longer = Stream.concat(path.stream(), Stream.of(root)).toList();
              refusesToo(vector, " with a hash more", () -> Log.checkInclusion(leaf, index, size, longer, root));
              if (path.isEmpty()) return;
              List<byte[]> shorter = path.subList(0, path.size() - 1);
              refusesToo(vector, " without a hash", () -> Log.checkInclusion(leaf, index, size, shorter, root));
            });
      }
      for (Value vector : section.get("consistency").each()) {
        holds(
            vector,
            () -> {
              long older = vector.number("older");
              long size = vector.number("size");
              byte[] olderRoot = Log.root(logLeaves(older));
              byte[] root = Log.root(logLeaves(size));
              List<byte[]> path = vector.hashes("path");
              Log.checkConsistency(older, olderRoot, size, root, path);
              byte[] other = Bytes.sha256(root);
              refusesToo(vector, " with another older root", () -> Log.checkConsistency(older, other, size, root, path));
              List<byte[]> longer = Stream.concat(path.stream(), Stream.of(root)).toList();
              refusesToo(vector, " with a hash more", () -> Log.checkConsistency(older, olderRoot, size, root, longer));
              if (path.isEmpty()) return;
              List<byte[]> shorter = path.subList(0, path.size() - 1);
              refusesToo(vector, " without a hash", () -> Log.checkConsistency(older, olderRoot, size, root, shorter));
            });
      }
    }

    private void tiles(Value section) {
      for (Value vector : section.get("new_tiles").each()) {
        holds(
            vector,
            () -> {
              List<String> tiles = Log.newTiles(vector.number("older"), vector.number("size"));
              List<String> last = vector.get("last").each().stream().map(Value::text).toList();
              require(tiles.size() == vector.number("count"), "the number of tiles is " + vector.number("count"));
              require(tiles.subList(tiles.size() - last.size(), tiles.size()).equals(last), "the last tiles are " + last);
            });
      }
      Value path = section.get("bundle_path");
      holds(path, () -> require(Log.tile("entries", 1_234_067, Log.TILE).equals(path.text()), "the path is of 1234067"));
      Value bundle = section.get("bundle_hex");
      holds(
          bundle,
          () -> {
            byte[] bytes = Bytes.hex(bundle.text());
            require(Log.entries(bytes).equals(List.of("one", "", "three")), "the entries are one, an empty one, and three");
            refusesToo(bundle, " without its last byte", () -> Log.entries(Arrays.copyOf(bytes, bytes.length - 1)));
          });
    }

    private void checkpoints(Value section) {
      Value text = section.get("text");
      holds(
          text,
          () -> {
            Checkpoint checkpoint = Checkpoint.parse(text.text());
            equal(Log.root(logLeaves(checkpoint.size)), checkpoint.root, "the root of the log");
          });
      for (Value vector : section.get("valid").each()) {
        holds(
            vector,
            () -> {
              Policy policy = Policy.parse(vector.text("trust"));
              require(vector.text("note").startsWith(text.text()), "the note is of the text");
              require(policy.trusted(vector.text("note")).origin.equals("school.example/trail"), "the origin is the log's");
            });
      }
      for (Value vector : section.get("invalid").each()) {
        String trust = vector.text("trust");
        String note = vector.text("note");
        refuses(vector, () -> Policy.parse(trust).trusted(note));
      }
    }
  }
}
