// The part of three.js that player.js uses; esbuild leaves out what is not named here.
export {
  AmbientLight, BoxGeometry, BufferAttribute, BufferGeometry, CapsuleGeometry, Color, CylinderGeometry, DirectionalLight,
  DoubleSide, Float32BufferAttribute, FrontSide, GridHelper, Group, HemisphereLight, LineBasicMaterial, Line, LineDashedMaterial,
  LineSegments, Matrix4, Mesh, MeshBasicMaterial, MeshStandardMaterial, PCFShadowMap, PerspectiveCamera, PlaneGeometry,
  Quaternion, Scene, ShadowMaterial, SphereGeometry, SRGBColorSpace, Vector3, WebGLRenderer, Box3, REVISION,
  ACESFilmicToneMapping, NeutralToneMapping,
} from "three";
export { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
