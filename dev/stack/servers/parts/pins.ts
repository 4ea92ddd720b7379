/**
 * SHA-256 of the files of each server and version, as `digestOf` in part.ts has it. A version that is not here is
 * downloaded too, and its digest is shown.
 */
const pins: Readonly<Record<string, string>> = {
  'java-25-linux-x64': 'ff3c338be62c467826f73eee7080d41960285921cfe96a1615d8b40cf555d70f',
  'kafka-3.9.1': '65c17dc7d85621a060eb0380a6c8a7243ec9e8c33dfd3056d8090e379f3e213c',
  'kafka-4.0.1': '34b8eea98893f53657103d0dac20c0315d92b946c7c52304c3dbb13c5d17e408',
  'kafka-4.1.2': '1094506ca7f0577ac9430028f23c56d0bfddcdcf0a2707aa2b3425f0d5c47eac',
  'kafka-4.2.1': '5e816f1d2a45a7564b966c819619d2e53ccdec6ff1b5256754f783a14fbe7cdd',
  'kafka-4.4.0': 'acf6d963b61e341b1864571a43db9a562e5022bcb07efb89a2df8ed2048b70c6',
  'opensearch-2.19.6': '4e1c83fdc7524c24398186384a228d63c7340351c8b26d44ae91bb1db877e2c0',
  'postgres-16.14-linux-x64': 'ceeea51753d48d8112cd32ffe8b1037995edbd6bcf3ee29725c5e240abfa7a1e',
  'postgres-17.10-linux-x64': 'cc3963a38ba0b683ebee1ee4600e1349b48993fac5e688b31ff308c2c618755c',
  'registry-3.0.9': '7a605d8adb01aa305f6f79f1b20b2ec0bc559bfe7f329738b533703e0cff864a',
  'registry-3.3.3': '7e5a4710de5ad4dcdd397338e47ffb9b11041b4c4ab57e70dda1f5c5c12f7b43'
}

export const pinOf = (name: string): string | undefined => (Object.hasOwn(pins, name) ? pins[name] : undefined)
