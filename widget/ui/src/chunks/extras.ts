// What most chats need sooner or later, and none to begin: one file, since what is alike
// in its parts is brought once.

export { default as words } from '../locale/es-extras'
export { default as edit } from './edit'
export { default as end } from './end'
export { default as css } from './extras.css'
export { default as files } from './files'
export { default as forms } from './forms'
export { login } from './login'
export { default as notice } from './notice'
export { poll } from './poll'
export { default as sound } from './sound'
export { default as links } from './text'
export { default as typing } from './typing'
