declare module "*.wasm" {
  /** Path of the embedded file. */
  const path: string;
  export default path;
}
